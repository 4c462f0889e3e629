/// Samples of the text format of Prometheus, as this daemon writes it.
struct PrometheusReading {
    struct Sample {
        let labels: [String: String]
        let value: Double
    }

    private var samples: [String: [Sample]] = [:]

    init(_ text: String) {
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            guard let space = line.lastIndex(of: " "), let value = Double(line[line.index(after: space)...])
            else { continue }
            let head = line[..<space]
            let brace = head.firstIndex(of: "{") ?? head.endIndex
            samples[String(head[..<brace]), default: []].append(
                Sample(labels: PrometheusReading.labels(head[brace...]), value: value))
        }
    }

    func all(_ name: String) -> [Sample] { samples[name] ?? [] }

    /// Of a metric without labels.
    func value(_ name: String) -> Double? { samples[name]?.first?.value }

    func integer(_ name: String) -> Int64? { value(name).flatMap { Int64(exactly: $0.rounded()) } }

    /// `{name="value",…}`
    private static func labels(_ text: Substring) -> [String: String] {
        var labels: [String: String] = [:]
        var rest = text.dropFirst()
        while let equals = rest.firstIndex(of: "=") {
            let name = String(rest[..<equals])
            var value = ""
            var index = rest.index(equals, offsetBy: 2, limitedBy: rest.endIndex) ?? rest.endIndex
            while index < rest.endIndex, rest[index] != "\"" {
                if rest[index] == "\\", rest.index(after: index) < rest.endIndex {
                    index = rest.index(after: index)
                    value.append(rest[index] == "n" ? "\n" : rest[index])
                } else {
                    value.append(rest[index])
                }
                index = rest.index(after: index)
            }
            labels[name] = value
            // The quote, and the comma or brace.
            rest = rest[(rest.index(index, offsetBy: 2, limitedBy: rest.endIndex) ?? rest.endIndex)...]
        }
        return labels
    }
}
