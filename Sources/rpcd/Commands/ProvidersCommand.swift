import ArgumentParser
import Services

struct ProvidersCommand: AsyncParsableCommand {
    enum Action: String, ExpressibleByArgument, CaseIterable {
        case check, list, schema
    }

    static let configuration = CommandConfiguration(
        commandName: "providers", abstract: "Checks and lists the manifests of providers; calls nobody.",
        discussion: """
            check:  reads the files, or all of RPCD_PROVIDERS_DIR, and tells every problem with its place. Exit status 1 when there is one.
            list:   the providers of RPCD_PROVIDERS_DIR: slug, credits with the platform's key and with one's own, fields.
            schema: the JSON Schema of a manifest, for editors.
            """)

    @Argument(help: "check, list or schema.")
    var action: Action

    @Argument(help: "check: the manifests; all when left out.", completion: .file(extensions: ["json"]))
    var files: [String] = []

    func run() async throws {
        try await reporting {
            switch action {
            case .schema: print(Manifest.schemaText, terminator: "")
            case .check: try check(files.isEmpty ? try all() : files)
            case .list: try list(try all())
            }
        }
    }

    private func all() throws -> [String] {
        guard let folder = try Settings.load().providersFolder(), let names = ManifestFolder(folder).files()
        else {
            throw SettingError("RPCD_PROVIDERS_DIR", got: nil, takes: "the path of a folder of manifests")
        }
        return names.map { folder + "/" + $0 }
    }

    private func check(_ files: [String]) throws {
        var failed = 0
        for file in files {
            do throws(ManifestFolder.Fault) {
                let provider = Provider(try ManifestFolder.read(file))
                let note = provider.isVerified ? "" : ", not verified against the service"
                print("\(file): \(provider.slug), \(provider.fields.joined(separator: " "))\(note)")
            } catch {
                failed += 1
                StandardError.write("\(error)\n")
            }
        }
        guard failed == 0 else {
            StandardError.write("rpcd: \(failed) of \(files.count) files are no manifests\n")
            throw ExitCode.failure
        }
    }

    private func list(_ files: [String]) throws {
        for file in files {
            let provider = Provider(try ManifestFolder.read(file))
            let costs = "\(provider.cost(.platform))\t\(provider.cost(.own))"
            print("\(provider.slug)\t\(costs)\t\(provider.fields.joined(separator: ","))")
        }
    }
}
