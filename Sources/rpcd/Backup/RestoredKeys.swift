import Glibc
import Systemd

extension Restore {
    /// A ring, and where it belongs; no path where it is a credential.
    struct Place {
        let name: String
        let path: String?
        let content: [UInt8]

        /// Where another ring goes that is there.
        var aside: String? {
            guard let path, let there = readFile(path, limit: 1_048_576), !Restore.has(there, all: content)
            else {
                return nil
            }
            return path + ".before-unseal"
        }
    }

    /// - Throws: ``CommandFailure`` where a ring would have to be a credential and is another one: that cannot be written.
    static func places(of keys: SealedKeys, _ settings: Settings) throws -> [Place] {
        let known = [
            "jwt-key": ("RPCD_JWT_KEY_FILE", settings.jwtKeyFile),
            "master-key": ("RPCD_MASTER_KEY_FILE", settings.masterKeyFile),
        ]
        return try keys.files.compactMap { name, content in
            guard let (setting, path) = known[name] else { return nil }
            if path == nil {
                guard let there = try Systemd.Credentials.read(name) else {
                    throw CommandFailure(
                        "\(setting) has to say where \(name) goes: a credential cannot be written")
                }
                guard has(there, all: content) else {
                    throw CommandFailure(
                        "The credential \(name) has other keys than the backup, and cannot be written: rpcd keys unseal puts them into its place"
                    )
                }
            }
            let place = Place(name: name, path: path, content: content)
            if let aside = place.aside, access(aside, F_OK) == 0 {
                throw CommandFailure(
                    "\(place.name) has other keys than the backup, and would be put aside as \(aside), which is there already: move that away first"
                )
            }
            return place
        }
    }

    /// Where a ring is that has these keys it stays: it may have newer ones, too. Another one is put aside.
    static func write(_ places: [Place], progress: (String) -> Void) throws {
        for place in places {
            guard let path = place.path else {
                progress("the credential \(place.name) has these keys")
                continue
            }
            if readFile(path, limit: 1_048_576) != nil {
                guard let aside = place.aside else {
                    progress("\(path) is there and stays as it is")
                    continue
                }
                guard access(aside, F_OK) != 0, rename(path, aside) == 0 else {
                    throw CommandFailure(
                        "\(path) has other keys than the backup, and cannot be put aside as \(aside)")
                }
                progress("\(path) had other keys: they are in \(aside) now")
            }
            try PrivateFile.create(path, place.content)
            progress("\(place.name) is in \(path)")
        }
    }

    /// Whether a ring has every key of another.
    static func has(_ ring: [UInt8], all other: [UInt8]) -> Bool {
        lines(ring).isSuperset(of: lines(other))
    }

    private static func lines(_ ring: [UInt8]) -> Set<String> {
        Set(
            String(decoding: ring, as: UTF8.self).split(separator: "\n").filter { !$0.hasPrefix("#") }.map {
                $0.split(separator: " ").joined(separator: " ").lowercased()
            })
    }
}
