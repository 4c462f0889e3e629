import Dispatch
import Glibc
import Synchronization

/// A folder of one command, which goes with it, also where a signal ends that (see ``Leftovers``): passwords may be in it. What a kill has left is taken
/// away by whoever makes the next one.
final class PrivateFolder {
    let path: String
    private let descriptor: Int32

    // Nobody else names a folder so: what is left of one is removed.
    private static let prefix = ".rpcd-private-"
    private static let tries = 10
    private static let random = String(repeating: "X", count: 6)

    init() throws {
        let parent = environmentVariables()["TMPDIR"] ?? "/tmp"
        let length = PrivateFolder.prefix.utf8.count + PrivateFolder.random.utf8.count
        FileTree.removeLeftovers(in: parent) {
            $0.hasPrefix(PrivateFolder.prefix) && $0.utf8.count == length
        }
        // Another may take it for a leftover before it is held, and away.
        for _ in 0..<PrivateFolder.tries {
            var template = Array("\(parent)/\(PrivateFolder.prefix)\(PrivateFolder.random)".utf8CString)
            guard mkdtemp(&template) != nil else { break }
            let made = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
            guard let held = FileTree.hold(made) else { continue }
            (path, descriptor) = (made, held)
            Leftovers.add(path)
            return
        }
        throw CommandFailure("No folder can be made in \(parent): \(String(cString: strerror(errno)))")
    }

    deinit {
        Leftovers.remove(path)
        close(descriptor)
    }
}

/// What must not stay when a command is ended by SIGTERM, SIGINT or SIGHUP.
final class Leftovers {
    private static let paths = Mutex<Set<String>>([])
    private let sources: [any DispatchSourceSignal]

    /// From here on, as long as this lives, those signals take everything away before they end the process.
    init() {
        sources = [SIGTERM, SIGINT, SIGHUP].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                for path in Leftovers.paths.withLock({ $0 }) { FileTree.remove(path) }
                signal(number, SIG_DFL)
                kill(getpid(), number)
            }
            source.resume()
            return source
        }
    }

    static func add(_ path: String) { _ = paths.withLock { $0.insert(path) } }

    /// Takes it away now.
    static func remove(_ path: String) {
        FileTree.remove(path)
        _ = paths.withLock { $0.remove(path) }
    }
}
