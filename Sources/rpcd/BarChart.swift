import Glibc
import JSON

/// A report as bars of text, one a line.
struct BarChart {
    private struct Bar {
        let label: String
        let value: Int64
        let note: String
    }

    private let title: String
    private let bars: [Bar]

    private static let widestBar = 60
    private static let narrowestBar = 10

    /// - Parameter report: what `analytics.enrichment` or `analytics.credits` answered.
    init(_ report: JSON, dataset: AnalyticsCommand.Show.Dataset) {
        let group = report["groupBy"]?.string ?? ""
        let total = report["total"]
        let measure = dataset == .enrichment ? "found" : "spent"
        func note(_ sums: JSON?) -> String {
            let names =
                dataset == .enrichment
                ? ["results", "cached", "notFound", "failed", "credits"] : ["added", "refunded", "expired"]
            return names.compactMap { name in
                guard let value = sums?[name]?.int64, value != 0 else { return nil }
                return "\(value) \(name == "notFound" ? "not found" : name)"
            }.joined(separator: ", ")
        }
        let sum = total?[measure]?.int64 ?? 0
        title = "\(measure) by \(group): \(sum)" + (note(total).isEmpty ? "" : "  (\(note(total)))")
        let zone = report["timeZone"]?.string ?? "UTC"
        let groups = report["groups"].map { Array($0.elements) } ?? []
        let all = groups.map { entry in
            Bar(
                label: entry["name"]?.string ?? entry["start"]?.string.map { BarChart.label($0, group, zone) }
                    ?? "-",
                value: entry[measure]?.int64 ?? 0, note: note(entry))
        }
        // A long quiet time at the beginning tells nothing.
        let isTime = ["hour", "day", "week"].contains(group)
        bars = isTime ? Array(all.drop { $0.value == 0 && $0.note.isEmpty }) : all
    }

    /// The day, and of hours the hour; where days begin elsewhere than in UTC, the whole moment.
    private static func label(_ moment: String, _ group: String, _ zone: String) -> String {
        if zone != "UTC" || group == "hour" { return String(moment.prefix(16)) + "Z" }
        return String(moment.prefix(10))
    }

    var lines: [String] {
        guard !bars.isEmpty else { return [title, "  nothing yet"] }
        let labels = bars.map(\.label.count).max() ?? 0
        let numbers = bars.map { String($0.value).count }.max() ?? 0
        let room = BarChart.terminalWidth - labels - numbers - 6
        let width = min(BarChart.widestBar, max(BarChart.narrowestBar, room / 2))
        let most = max(1, bars.map(\.value).max() ?? 1)
        return [title]
            + bars.map { bar in
                let value = String(bar.value)
                return "  " + bar.label + String(repeating: " ", count: labels - bar.label.count) + " "
                    + BarChart.bar(bar.value, of: most, width: width)
                    + String(repeating: " ", count: numbers - value.count) + " " + value
                    + (bar.note.isEmpty ? "" : "  " + bar.note)
            }
    }

    /// In eighths of a column.
    private static func bar(_ value: Int64, of most: Int64, width: Int) -> String {
        let eighths = Int(Double(max(0, value)) / Double(most) * Double(width * 8) + 0.5)
        let parts = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
        let full = eighths / 8
        let text = String(repeating: "█", count: full) + parts[eighths % 8]
        return text + String(repeating: " ", count: max(0, width - full - (eighths % 8 > 0 ? 1 : 0)))
    }

    private static var terminalWidth: Int {
        var size = winsize()
        let isKnown = ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        return isKnown ? Int(size.ws_col) : 100
    }
}
