import Foundation
import Glibc
import Systemd
import Testing

/// The environment is the process's: one test at a time.
@Suite("systemd", .serialized)
struct SystemdTests {
    private func with(_ variables: [String: String], _ body: () throws -> Void) throws {
        for (name, value) in variables { setenv(name, value, 1) }
        defer { for name in variables.keys { unsetenv(name) } }
        try body()
    }

    private func folder(_ body: (String) throws -> Void) throws {
        let path = "/tmp/rpcd-s\(UInt32.random(in: .min ... .max))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path)
    }

    /// What arrives in one datagram, after `body` has run with NOTIFY_SOCKET set.
    private func notified(_ body: () throws -> Void) throws -> String {
        var text = ""
        try folder { folder in
            let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            defer { close(descriptor) }
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: (folder + "/n").utf8) }
            let status = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            #expect(status == 0)
            try with(["NOTIFY_SOCKET": folder + "/n"], body)
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            text = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
        }
        return text
    }

    @Test("The manager is told of readiness, reload, stop and life; a status stays on its line")
    func notifier() throws {
        #expect(
            try notified { try Notifier().ready(status: "Serving\nSTOPPING=1") }
                == "READY=1\nSTATUS=Serving STOPPING=1")
        #expect(try notified { try Notifier().stopping() } == "STOPPING=1")
        #expect(try notified { try Notifier().watchdog() } == "WATCHDOG=1")
        #expect(try notified { try Notifier().status("at work") } == "STATUS=at work")
        let reload = try notified { try Notifier().reloading() }
        #expect(reload.hasPrefix("RELOADING=1\nMONOTONIC_USEC="))
        // Without a manager nothing happens.
        try Notifier().ready(status: "Serving")
    }

    @Test("The watchdog's interval is this process's own")
    func watchdog() throws {
        let found = try Notifier().watchdogInterval
        #expect(found == nil)
        try with(["WATCHDOG_USEC": "2000000", "WATCHDOG_PID": "\(getpid())"]) {
            let found = try Notifier().watchdogInterval
            #expect(found == 2_000_000_000)
        }
        try with(["WATCHDOG_USEC": "2000000", "WATCHDOG_PID": "1"]) {
            let found = try Notifier().watchdogInterval
            #expect(found == nil)
        }
        try with(["WATCHDOG_USEC": "soon"]) {
            #expect(throws: SystemdError.self) { try Notifier().watchdogInterval }
        }
    }

    @Test("Sockets of another process are not taken; malformed variables are an error")
    func activation() throws {
        try with(["LISTEN_FDS": "1", "LISTEN_PID": "1"]) {
            let found = try SocketActivation.take().isEmpty
            #expect(found)
        }
        try with(["LISTEN_FDS": "many", "LISTEN_PID": "\(getpid())"]) {
            #expect(throws: SystemdError.self) { try SocketActivation.take() }
        }
        let found = try SocketActivation.take().isEmpty
        #expect(found)
    }

    @Test("A credential is a plain file of its directory, and nothing else is read")
    func credentials() throws {
        let found = try Credentials.read("key")
        #expect(found == nil)
        try folder { folder in
            try Data([1, 2, 3]).write(to: URL(fileURLWithPath: folder + "/key"))
            try Data().write(to: URL(fileURLWithPath: folder + "/empty"))
            try Data(count: Credentials.maximumLength + 1).write(to: URL(fileURLWithPath: folder + "/large"))
            #expect(symlink(folder + "/key", folder + "/link") == 0)
            #expect(mkfifo(folder + "/fifo", 0o600) == 0)
            try with(["CREDENTIALS_DIRECTORY": folder]) {
                let found = try Credentials.read("key")
                #expect(found == [1, 2, 3])
                let empty = try Credentials.read("empty")
                #expect(empty == [])
                let absent = try Credentials.read("absent")
                #expect(absent == nil)
                for name in ["large", "link", "fifo", ".", "..", "../key", "", "a\nb", "a/b"] {
                    #expect(throws: SystemdError.self, "\(name)") { try Credentials.read(name) }
                }
            }
        }
    }

    @Test("The journal is where JOURNAL_STREAM says, and takes only names of fields")
    func journal() throws {
        #expect(!Journal.isConnected())
        var information = stat()
        #expect(fstat(2, &information) == 0)
        try with(["JOURNAL_STREAM": "\(information.st_dev):\(information.st_ino)"]) {
            #expect(Journal.isConnected())
        }
        for stream in ["", "1", "1:2:3", "x:y", "1:2"] {
            try with(["JOURNAL_STREAM": stream]) { #expect(!Journal.isConnected()) }
        }
        for name in ["", "message", "_PID", "1A", "A-B", String(repeating: "A", count: 65)] {
            #expect(throws: SystemdError.self, "\(name)") { try Journal.send(fields: [(name, "x")]) }
        }
        let many = (0...Journal.maximumFields).map { ("A\($0)", "x") }
        #expect(throws: SystemdError.self) { try Journal.send(fields: many) }
        try Journal.send(fields: [])
    }
}
