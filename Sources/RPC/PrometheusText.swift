/// Metrics as Prometheus reads them.
public struct PrometheusText: Sendable {
    public enum Format: String, Sendable, CaseIterable {
        /// Its own text format, version 0.0.4.
        case prometheus
        /// OpenMetrics 1.0: a counter's family goes without `_total`, and the text says where it ends.
        case openmetrics

        public var contentType: String {
            switch self {
            case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
            case .openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
            }
        }
    }

    public enum Kind: String, Sendable {
        case counter, gauge, histogram
    }

    private let format: Format
    private var lines = ""

    public init(_ format: Format = .prometheus) { self.format = format }

    public var text: String { format == .openmetrics ? lines + "# EOF\n" : lines }

    /// Announces a metric; its samples follow.
    public mutating func begin(_ name: String, _ kind: Kind, _ help: String) {
        let isShortened = format == .openmetrics && kind == .counter && name.hasSuffix(PrometheusText.total)
        let family = isShortened ? String(name.dropLast(PrometheusText.total.count)) : name
        lines += "# HELP \(family) \(help)\n# TYPE \(family) \(kind.rawValue)\n"
    }

    public mutating func sample(_ name: String, _ labels: [(String, String)] = [], _ value: String) {
        let list = labels.map { "\($0)=\"\(PrometheusText.escaped($1))\"" }.joined(separator: ",")
        lines += name + (list.isEmpty ? "" : "{\(list)}") + " \(value)\n"
    }

    /// One metric with one sample.
    public mutating func gauge(_ name: String, _ help: String, _ value: some Numeric) {
        begin(name, .gauge, help)
        sample(name, [], "\(value)")
    }

    public mutating func counter(_ name: String, _ help: String, _ value: some Numeric) {
        begin(name, .counter, help)
        sample(name, [], "\(value)")
    }

    private static let total = "_total"

    private static func escaped(_ label: String) -> String {
        label.flatMap { character -> [Character] in
            switch character {
            case "\\": ["\\", "\\"]
            case "\"": ["\\", "\""]
            case "\n": ["\\", "n"]
            default: [character]
            }
        }.map(String.init).joined()
    }
}
