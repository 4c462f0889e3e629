import CPostgres
import Glibc
import Resilience

/// Another program, run to its end. It gets no input and none of this process's descriptors.
package struct ChildProcess {
    /// The path of the program, and its arguments. Every user of the host can read them.
    package var words: [String]
    /// This process's own when there is none.
    package var environment: [String: String]?
    /// Whether a signal of the terminal, as Ctrl-C, passes it by.
    package var hasOwnGroup = false
    /// Whether it ends when the thread that runs it does: for what must not go on by itself.
    package var endsWithParent = false
    /// Bytes that are kept of what it writes to standard output and to standard error; what is beyond is thrown away. Zero: all of it is.
    package var keptBytes = 0
    /// Killed after so many nanoseconds; only where output is kept.
    package var timeoutNanoseconds: UInt64?

    package init(_ words: [String]) { self.words = words }

    package struct Outcome: Sendable {
        /// The exit status, or minus the signal that ended it.
        package let status: Int32
        package let output: [UInt8]
        package let errors: [UInt8]
    }

    private static let setpriv = "/usr/bin/setpriv"

    /// Blocks. - Returns: nil when it did not start.
    package func run() -> Outcome? {
        let (output, errors) = (Pipe(), Pipe())
        // Their ends are open as long as they live.
        defer { extendLifetime((output, errors)) }
        if keptBytes > 0 {
            guard output.open(), errors.open() else { return nil }
        }
        guard let child = spawn(output, errors) else { return nil }
        var kept: [[UInt8]] = [[], []]
        if keptBytes > 0 {
            output.closeWriting()
            errors.closeWriting()
            kept = ChildProcess.collect(
                [output.reading, errors.reading], of: child, limit: keptBytes,
                until: timeoutNanoseconds.map { MonotonicClock.now + $0 } ?? .max)
        }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0 {
            guard errno == EINTR else { return nil }
        }
        let code = status & 0x7F == 0 ? (status >> 8) & 0xFF : -(status & 0x7F)
        return Outcome(status: code, output: kept[0], errors: kept[1])
    }

    private func spawn(_ output: Pipe, _ errors: Pipe) -> pid_t? {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        for (descriptor, pipe) in [(STDOUT_FILENO, output), (STDERR_FILENO, errors)] {
            if pipe.writing >= 0 {
                posix_spawn_file_actions_adddup2(&actions, pipe.writing, descriptor)
            } else {
                posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_WRONLY, 0)
            }
        }
        // A server that outlives a crash of this process would keep its sockets open.
        rpcd_spawn_close_from(&actions, STDERR_FILENO + 1)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // Every signal reaches it, though this thread may take none, and does there what it does anywhere.
        var (none, usual) = (sigset_t(), sigset_t())
        sigemptyset(&none)
        sigemptyset(&usual)
        for number in [SIGTERM, SIGINT, SIGHUP, SIGPIPE] { sigaddset(&usual, number) }
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &usual)
        posix_spawnattr_setflags(
            &attributes,
            Int16(
                POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | (hasOwnGroup ? POSIX_SPAWN_SETPGROUP : 0))
        )
        var words = words
        if endsWithParent, access(ChildProcess.setpriv, X_OK) == 0 {
            words = [ChildProcess.setpriv, "--pdeathsig", "TERM", "--"] + words
        }
        var arguments = words.map { strdup($0) }
        var variables = environment.map { $0.map { strdup("\($0)=\($1)") } } ?? []
        defer { for text in arguments + variables { free(text) } }
        arguments.append(nil)
        variables.append(nil)
        var child = pid_t()
        let isOwn = environment != nil
        let failure = variables.withUnsafeMutableBufferPointer {
            posix_spawn(
                &child, words[0], &actions, &attributes, arguments, isOwn ? $0.baseAddress : environ)
        }
        return failure == 0 ? child : nil
    }

    /// Until both ends are closed, or the time is over.
    private static func collect(
        _ descriptors: [Int32], of child: pid_t, limit: Int, until deadline: UInt64
    ) -> [[UInt8]] {
        var kept: [[UInt8]] = descriptors.map { _ in [] }
        var open = Set(descriptors)
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while !open.isEmpty {
            guard Connection.poll(open.map { ($0, POLLIN) }, until: deadline) else {
                guard MonotonicClock.now >= deadline else { continue }
                kill(child, SIGKILL)
                return kept
            }
            for (index, descriptor) in descriptors.enumerated() where open.contains(descriptor) {
                var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                guard Glibc.poll(&entry, 1, 0) > 0 else { continue }
                let count = read(descriptor, &chunk, chunk.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else {
                    open.remove(descriptor)
                    continue
                }
                kept[index] += chunk[..<min(count, limit - kept[index].count)]
            }
        }
        return kept
    }
}

/// One way out of a child.
private final class Pipe {
    private(set) var reading: Int32 = -1
    private(set) var writing: Int32 = -1

    func open() -> Bool {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return false }
        (reading, writing) = (ends[0], ends[1])
        return true
    }

    func closeWriting() {
        close(writing)
        writing = -1
    }

    deinit {
        for end in [reading, writing] where end >= 0 { close(end) }
    }
}
