import RPC
import Synchronization

/// The providers that there are. When their files change they are read again, all or none: a file that is no manifest leaves the
/// providers as they were.
public final class ProviderCatalog: Sendable {
    private struct State {
        var providers: [String: Provider]
        var stamp: String?
        var notices: [Notice] = []
    }

    private let folder: ManifestFolder?
    private let state: Mutex<State>

    /// - Throws: ``ManifestFaults``: who starts with files that are no manifests has to know at once.
    public init(_ folder: ManifestFolder) throws {
        self.folder = folder
        // Before the content: what changes in between is then read once more.
        let stamp = folder.stamp
        state = Mutex(State(providers: try folder.providers(), stamp: stamp))
    }

    /// These, which never change.
    public init(_ providers: [Provider] = []) {
        folder = nil
        state = Mutex(
            State(providers: Dictionary(providers.map { ($0.slug, $0) }, uniquingKeysWith: { $1 })))
    }

    /// By their slugs, as they were at the last ``refresh()``.
    public var current: [String: Provider] { state.withLock { $0.providers } }

    /// Reads the files again where they have changed. Called once a second; asking the file system costs microseconds a file.
    public func refresh() {
        guard let folder else { return }
        let stamp = folder.stamp
        guard state.withLock({ $0.stamp != stamp }) else { return }
        do throws(ManifestFaults) {
            let providers = try folder.providers()
            state.withLock { state in
                // What did not change is the same still: answers, limits and circuits go on.
                state.providers = providers
                state.stamp = stamp
                state.notices.append(
                    Notice(.providersRead, "The providers have been read again: \(providers.count)"))
            }
        } catch {
            // Not read again before the files change again, and so told once.
            let text = "\(error)".split(separator: "\n").prefix(5).joined(separator: "; ")
            state.withLock { state in
                state.stamp = stamp
                state.notices.append(Notice(.providersRefused, "The providers stay as they were: \(text)"))
            }
        }
    }

    /// What there is to tell since the last time.
    func takeNotices() -> [Notice] {
        state.withLock { state in
            defer { state.notices = [] }
            return state.notices
        }
    }
}
