import Egress

extension Settings {
    /// Whom the daemon calls, and how.
    static let outgoing: [Declaration] = [
        Declaration(
            key: "RPCD_PROVIDERS_DIR", takes: "the path of a folder of manifests",
            standard: "found beside the program", summary: "the providers, read again when they change"
        ) {
            $0.providers = $1
            return !$1.isEmpty
        },
        Declaration(
            key: "RPCD_PROVIDER_KEYS_DIR",
            takes: "the path of a folder with a file provider-SLUG a provider, mode 0600 or stricter",
            standard: "$CREDENTIALS_DIRECTORY",
            summary: "the platform's own keys: a line with the key, and where there are two parts another"
        ) {
            $0.providerKeys = $1
            return !$1.isEmpty
        },
        Declaration(
            key: "RPCD_EGRESS_ALLOW",
            takes:
                "ranges as 10.0.0.0/8 and ports as 127.0.0.1:8123 or host.internal:8123, separated by commas",
            standard: "",
            summary:
                "where outgoing calls may go beside public addresses by https: they refuse private, local and special ones and plain http"
        ) {
            guard let policy = try? EgressPolicy(parsing: $1) else { return false }
            $0.egress = policy
            return true
        },
        Declaration(
            key: "RPCD_EGRESS_CA_FILE", takes: "the path of a file of PEM certificates",
            standard: "the system's", summary: "whom to trust at the other end of outgoing calls"
        ) {
            $0.egressAuthorities = $1
            return !$1.isEmpty
        },
        Declaration(
            key: "RPCD_WEBHOOK_ALLOW", takes: "what RPCD_EGRESS_ALLOW takes",
            standard: "what RPCD_EGRESS_ALLOW names",
            summary:
                "the same for webhooks alone, whose addresses are chosen by whoever administers a workspace"
        ) {
            guard let policy = try? EgressPolicy(parsing: $1) else { return false }
            $0.webhookEgress = policy
            return true
        },
    ]
}
