import ArgumentParser
import Glibc
import JSON

struct OperatorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "operator", abstract: "What the operator does once, when a platform is set up.",
        subcommands: [CreateAdmin.self])

    struct CreateAdmin: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "create-admin",
            abstract: "Makes the account of whoever is to administer workspaces.",
            discussion: """
                Through the daemon's socket, as the operator; also where registration is off. Without a password it prints a link, or a code, that
                sets one within a day. Repeat it as you like: an account that is there keeps its password, and gets a new link where none is given.
                Then: rpcd call workspaces.create name=Acme ownerEmail=EMAIL. Exit status: 0, 1 for an error, 2 when the daemon cannot be reached.
                """)

        @Option(help: "The address.")
        var email: String

        @Option(help: "What others see; the part before the @ when left out.")
        var name: String?

        @Option(help: "A file with the password, mode 0600.")
        var passwordFile: String?

        @Flag(help: "Asks for the password on the terminal.")
        var askPassword = false

        @Flag(help: "Sends the link by mail instead of printing it.")
        var mail = false

        @Option(
            help: "The daemon's socket: RPCD_SOCKET, .rpcd/rpcd.sock or /run/rpcd/rpcd.sock when left out.")
        var socket: String?

        func validate() throws {
            guard [passwordFile != nil, askPassword, mail].filter({ $0 }).count <= 1 else {
                throw ValidationError("--password-file, --ask-password or --mail: one of them")
            }
        }

        func run() async throws {
            try await reporting {
                let path = try DaemonCall.socketPath(socket)
                let needsPassword = passwordFile != nil || askPassword
                let password =
                    try needsPassword
                    ? Passphrase.read(file: passwordFile, isNew: true, as: .password) : nil
                let request = DaemonCall.request(
                    "admin.users.create",
                    [
                        "email": email, "name": name ?? String(email.prefix { $0 != "@" }),
                        "password": password?.withUnsafeBytes { String(decoding: $0, as: UTF8.self) },
                    ])
                let made = try DaemonCall.result(of: request, at: path) { _ in }
                tell(made, hasPassword: needsPassword)
                if mail {
                    _ = try DaemonCall.result(
                        of: DaemonCall.request("auth.requestPasswordReset", ["email": email]), at: path
                    ) { _ in }
                    print("a link that sets the password goes to \(email)")
                }
            }
        }

        private func tell(_ made: JSON, hasPassword: Bool) {
            let isNew = made["isNew"]?.bool == true
            print("account \(made["user"]?["id"]?.string ?? "") \(isNew ? "made" : "is there already")")
            if hasPassword, !isNew { print("its password stays as it is") }
            guard !mail, let token = made["passwordToken"]?.string else { return }
            if let application = Settings.read().settings.applicationURL {
                // In the fragment, as in mails: no server's log gets to see it.
                print("set a password within a day at \(application)/reset-password#token=\(token)")
            } else {
                print("set a password within a day with auth.resetPassword and the token \(token)")
            }
        }
    }
}
