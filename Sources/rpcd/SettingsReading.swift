import RPC
import Systemd

extension Settings {
    /// Where a value comes from.
    enum Origin: Sendable, Equatable, CustomStringConvertible {
        case environment
        case file(String, line: Int)
        /// What the service manager hands over as a file (systemd.exec(5), `LoadCredential=`).
        case credential(String)
        /// Nobody has said anything.
        case standard

        var kind: String {
            switch self {
            case .environment: "environment"
            case .file: "file"
            case .credential: "credential"
            case .standard: "standard"
            }
        }

        var description: String {
            switch self {
            case .file(let path, let line): "\(path):\(line)"
            case .credential(let path): "credential \(path)"
            case .environment, .standard: kind
            }
        }
    }

    /// One setting as it is in force.
    struct Entry: Sendable {
        let declaration: Declaration
        /// As it was given, or its standard in words; nil where there is neither.
        let value: String?
        let origin: Origin

        /// The value without what is secret in it.
        var shown: String? {
            value.map {
                let isSecret = declaration.isSecret && origin != .standard
                return isSecret || Masking.mayHoldPassword($0) ? Masking.place(of: $0) : $0
            }
        }
    }

    /// What was read: the settings, what each is and why, and everything that is wrong. Reading connects nothing and changes nothing.
    struct Reading: Sendable {
        /// Of a value that does not fit, the standard stands here.
        var settings = Settings()
        var entries: [Entry] = []
        var errors: [SettingError] = []
    }

    fileprivate struct Given {
        let value: String
        let origin: Origin
    }

    /// Reads file and environment; what the environment says goes before the file.
    /// - Parameter file: instead of the one that `RPCD_CONFIG` names.
    static func read(
        _ environment: [String: String] = environmentVariables(), file: String? = nil
    ) -> Reading {
        var reading = Reading()
        var given: [String: Given] = [:]
        if let path = file ?? environment["RPCD_CONFIG"] { given = values(of: path, &reading.errors) }
        // In the environment there is more than settings, in the file nothing else.
        let strangers = given.merging(
            environment.filter { $0.key.hasPrefix("RPCD_") }.mapValues {
                Given(value: $0, origin: .environment)
            }
        ) { $1 }
        given.merge(environment.mapValues { Given(value: $0, origin: .environment) }) { $1 }
        for declaration in declarations { reading.take(declaration, given[declaration.key]) }
        let known = Set(declarations.map(\.key) + ["RPCD_CONFIG", AccessToken.variable])
        for (key, entry) in strangers.sorted(by: { $0.key < $1.key }) where !known.contains(key) {
            let name = key.uppercased()
            let likely = nearest(to: name, among: known) ?? nearest(to: "RPCD_" + name, among: known)
            let hint = likely.map { "did you mean \($0)?" } ?? "see rpcd help config"
            // A misspelt name may well be that of a secret.
            reading.errors.append(
                SettingError(
                    key, got: "***",
                    takes: "nothing: there is no such setting; \(hint)",
                    in: entry.origin))
        }
        return reading
    }

    /// - Throws: the first error.
    static func load(_ environment: [String: String] = environmentVariables()) throws(SettingError)
        -> Settings
    {
        try read(environment).valid()
    }

    /// Lines of `KEY=value`; blank ones and those that begin with `#` say nothing.
    private static func values(of path: String, _ errors: inout [SettingError]) -> [String: Given] {
        // Nothing else: to open a pipe is to wait for whoever writes.
        guard isRegularFile(path), let bytes = readFile(path, limit: 1_048_576),
            let text = String(validating: bytes, as: UTF8.self)
        else {
            errors.append(
                SettingError("RPCD_CONFIG", got: path, takes: "the path of a file that can be read"))
            return [:]
        }
        var values: [String: Given] = [:]
        // With a carriage return before it, a line's end is another character to Swift.
        let lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
        for (index, line) in lines.enumerated() {
            let line = line.trimmingBlanks
            guard !line.isEmpty, !line.hasPrefix("#") else { continue }
            guard let equals = line.firstIndex(of: "=") else {
                errors.append(SettingError("\(path):\(index + 1)", because: "takes lines of KEY=value"))
                continue
            }
            values[String(line[..<equals].trimmingBlanks)] = Given(
                value: String(line[line.index(after: equals)...].trimmingBlanks),
                origin: .file(path, line: index + 1))
        }
        return values
    }
}

extension Settings.Reading {
    /// - Throws: the first error.
    func valid() throws(SettingError) -> Settings {
        if let error = errors.first { throw error }
        return settings
    }

    fileprivate mutating func take(_ declaration: Settings.Declaration, _ given: Settings.Given?) {
        guard let value = given?.value ?? (declaration.isApplied ? declaration.standard : nil) else {
            let credential = declaration.credential
            entries.append(
                Settings.Entry(
                    declaration: declaration, value: credential ?? declaration.standard,
                    origin: credential.map { .credential($0) } ?? .standard))
            return
        }
        let origin = given?.origin ?? .standard
        entries.append(Settings.Entry(declaration: declaration, value: value, origin: origin))
        var changed = settings
        guard declaration.apply(&changed, value) else {
            errors.append(
                SettingError(
                    declaration.key,
                    got: declaration.isSecret || Masking.mayHoldPassword(value) ? Masking.mask : value,
                    takes: declaration.takes,
                    in: origin))
            return
        }
        settings = changed
    }
}

extension Settings.Declaration {
    private static let credentials = "$CREDENTIALS_DIRECTORY/"

    /// Whether the standard is a value as one would write it, not a description of what happens.
    fileprivate var isApplied: Bool { key.hasPrefix("RPCD_RATE_") }

    /// The credential that stands in for it, where there is one.
    fileprivate var credential: String? {
        guard let standard, standard.hasPrefix(Self.credentials), let folder = Systemd.Credentials.directory
        else { return nil }
        let path = folder + "/" + standard.dropFirst(Self.credentials.count)
        return readFile(path, limit: Systemd.Credentials.maximumLength) == nil ? nil : path
    }
}

extension StringProtocol {
    var trimmingBlanks: SubSequence {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\r" }
        guard let first = firstIndex(where: { !isBlank($0) }), let last = lastIndex(where: { !isBlank($0) })
        else {
            return self[endIndex...]
        }
        return self[first...last]
    }
}
