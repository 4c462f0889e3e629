import Cryptography
import Glibc
import Systemd

/// A passphrase or a password: from a file, a credential, or typed in; never an argument, which every user of the host can read.
enum Passphrase {
    /// What it is for, as a prompt has it.
    enum Purpose: String {
        case keys = "Passphrase of the keys"
        case password = "Password"
    }

    /// Of the keys, where the service manager hands it over.
    private static let credential = "backup-passphrase"
    private static let shortest = 12
    private static let longest = 1024

    /// - Parameter isNew: then it is asked for twice.
    static func read(file: String?, isNew: Bool, as purpose: Purpose = .keys) throws -> SecretBytes {
        let given = try file.map(fromFile) ?? (purpose == .keys ? fromCredential() : nil)
        var bytes = try given ?? ask(purpose.rawValue + ": ")
        if given == nil, isNew {
            var again = try ask("Once more: ")
            defer { again = [] }
            guard bytes == again else { throw CommandFailure("These are not the same; try again") }
        }
        guard (shortest...longest).contains(bytes.count) else {
            throw CommandFailure("\(purpose.rawValue): \(shortest) to \(longest) bytes")
        }
        return try SecretBytes(moving: &bytes)
    }

    private static func fromFile(_ path: String) throws -> [UInt8] {
        var status = stat()
        guard let bytes = readFile(path, limit: longest + 1), stat(path, &status) == 0 else {
            throw CommandFailure("\(path) cannot be read, or is too long")
        }
        guard status.st_mode & 0o077 == 0 else {
            throw CommandFailure("\(path) can be read by others: chmod 600")
        }
        return withoutLineEnd(bytes)
    }

    private static func fromCredential() throws -> [UInt8]? {
        try Systemd.Credentials.read(credential).map(withoutLineEnd)
    }

    private static func withoutLineEnd(_ bytes: [UInt8]) -> [UInt8] {
        bytes.last == UInt8(ascii: "\n") ? bytes.dropLast() : bytes
    }

    /// Without showing it. Ctrl-C is not taken meanwhile: it would leave a terminal that shows nothing.
    private static func ask(_ prompt: String) throws -> [UInt8] {
        let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
        guard terminal >= 0 else {
            throw CommandFailure(
                "There is no terminal to ask on: name a file instead, or put it into /etc/credstore/rpcd.backup-passphrase"
            )
        }
        defer { close(terminal) }
        var before = termios()
        guard tcgetattr(terminal, &before) == 0 else { throw CommandFailure("The terminal does not answer") }
        var quiet = before
        quiet.c_lflag &= ~tcflag_t(ECHO | ISIG)
        tcsetattr(terminal, TCSAFLUSH, &quiet)
        defer { tcsetattr(terminal, TCSAFLUSH, &before) }
        let text = Array(prompt.utf8)
        _ = write(terminal, text, text.count)
        var line = [UInt8](repeating: 0, count: longest + 2)
        let count = Glibc.read(terminal, &line, line.count)
        _ = write(terminal, "\n", 1)
        guard count > 0 else { throw CommandFailure("Nothing was typed") }
        return Array(line[..<count].prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") })
    }
}
