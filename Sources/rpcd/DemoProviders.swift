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
