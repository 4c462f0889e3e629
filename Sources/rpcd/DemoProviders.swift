import Egress
import Glibc

/// The simulator of providers beside a daemon that shows what it can do: a process of its own, which every manifest `sim-…` names.
struct DemoProviders {
    /// Where the shipped manifests expect it.
    static let address = "127.0.0.1:18090"

    private let pid: pid_t
    private let input: Int32

    /// Starts it from the folder of this program.
    static func start() throws -> DemoProviders {
        let program = Daemon.executableFolder + "/rpcd-provider-sim"
        guard access(program, X_OK) == 0 else {
            throw CommandFailure("The simulator of providers is not beside rpcd; build it: scripts/build")
        }
        guard isFree() else {
            throw CommandFailure(
                "Something listens at \(address), where the simulated providers are to be; stop it")
        }
        // It ends with its standard input: however this process ends, the kernel closes the other end.
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw CommandFailure("There is no pipe to be had") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(ends[0]) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_RDWR, 0)
        let arguments: [String] = [program, "--listen", address, "--until-input-ends"]
        var words = arguments.map { strdup($0) }
        defer { for word in words { free(word) } }
        words.append(nil)
        var pid = pid_t()
        guard posix_spawn(&pid, program, &actions, nil, words, environ) == 0 else {
            close(ends[1])
            throw CommandFailure("\(program) cannot be run")
        }
        return DemoProviders(pid: pid, input: ends[1])
    }

    /// Whether nobody listens there: with its port taken the simulator would end, and another answer in its place.
    private static func isFree() -> Bool {
        guard let (host, port) = Settings.hostAndPort(address) else { return false }
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        place.sin_port = UInt16(port).bigEndian
        place.sin_addr.s_addr = inet_addr(host)
        return withUnsafePointer(to: &place) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    func stop() {
        close(input)
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    }

    /// The daemon may call the simulator, and has a key for each of its providers.
    static func prepare(_ settings: inout Settings, in folder: String) throws {
        settings.egress = try EgressPolicy(parsing: address)
        let keys = folder + "/provider-keys"
        guard mkdir(keys, 0o700) == 0 || errno == EEXIST else {
            throw CommandFailure("\(keys) cannot be made")
        }
        for slug in try settings.providerSetup().catalog.current.keys where slug.hasPrefix("sim-") {
            try KeyFiles.replace(keys + "/provider-" + slug, with: Array("demonstration-key\n".utf8))
        }
        settings.providerKeys = keys
    }
}
