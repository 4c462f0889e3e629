import JSON
import Resilience

/// What one provider knows: a pure function of the seed, the provider's name and the input. Nothing that happened before
/// changes it, and no restart.
struct Oracle: Sendable {
    /// What a number is drawn for, so that none of them hangs upon another.
    enum Purpose: UInt64 {
        case found = 1
        case notFound, confidence, email, phone, companySize, companyName, industry, jobTitle
        case country, fault, shape, latency, latencyToo, storm
    }

    private let start: UInt64

    init(seed: UInt64, name: String) {
        var mixed = SplitMix64(seed: seed)
        start = Self.hash(Array(name.utf8) + [0xFF], from: Self.basis ^ mixed.next())
    }

    /// A number for the input, the root of all that is drawn for it.
    func identity(of input: String) -> UInt64 { Self.hash(input.utf8, from: start) }

    /// 64 even bits.
    static func bits(_ identity: UInt64, _ purpose: Purpose, attempt: Int = 0) -> UInt64 {
        var mixed = SplitMix64(
            seed: identity &+ purpose.rawValue &* 0xD1B5_4A32_D192_ED03 &+ UInt64(truncatingIfNeeded: attempt)
                &* 0xAEF1_7502_108E_F2D9)
        return mixed.next()
    }

    /// 0 up to but not including 1, evenly.
    static func draw(_ identity: UInt64, _ purpose: Purpose, attempt: Int = 0) -> Double {
        Double(bits(identity, purpose, attempt: attempt) >> 11) * 0x1p-53
    }

    private static let basis: UInt64 = 0xCBF2_9CE4_8422_2325

    /// FNV-1a (Fowler, Noll and Vo, 1991), which spreads well enough for what is mixed again before its use.
    static func hash(_ bytes: some Sequence<UInt8>, from start: UInt64 = Oracle.basis) -> UInt64 {
        bytes.reduce(start) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}

/// What a provider answers when nothing goes wrong.
struct Answer {
    let identity: UInt64
    let input: Input
    let behaviour: Behaviour

    var isFound: Bool { Oracle.draw(identity, .found) < behaviour.found }

    /// How an input that is not known is answered: one of three, never ``Behaviour/NotFound/mixed``.
    var notFound: Behaviour.NotFound {
        guard behaviour.notFound == .mixed else { return behaviour.notFound }
        return [.status, .empty, .null][Int(Oracle.bits(identity, .notFound) % 3)]
    }

    /// Two decimals.
    var confidence: Double {
        let range = behaviour.confidence
        let exact =
            range.lowerBound + Oracle.draw(identity, .confidence) * (range.upperBound - range.lowerBound)
        return (exact * 100).rounded() / 100
    }

    /// Of this input alone.
    var id: String { "r-" + String(identity, radix: 36) }

    /// The record that is found.
    /// - Parameter more: writes further members.
    func write(id: String, to writer: inout JSONWriter, more: (inout JSONWriter) -> Void = { _ in }) {
        writer.beginObject()
        writer.key("id")
        writer.string(id)
        for field in behaviour.fields {
            writer.key(field.rawValue)
            write(field, to: &writer)
        }
        writer.key("confidence")
        writer.double(confidence)
        more(&writer)
        writer.endObject()
    }

    func writeNulls(to writer: inout JSONWriter) {
        writer.beginObject()
        for field in behaviour.fields {
            writer.key(field.rawValue)
            writer.null()
        }
        writer.key("confidence")
        writer.null()
        writer.endObject()
    }

    private func write(_ field: Behaviour.Field, to writer: inout JSONWriter) {
        switch field {
        case .email: writer.string(email)
        case .phone: writer.string(phone)
        case .companySize: writer.int(companySize)
        case .companyName: writer.string(input["company"] ?? pick(Self.companies, .companyName))
        case .industry: writer.string(pick(Self.industries, .industry))
        case .jobTitle: writer.string(pick(Self.jobTitles, .jobTitle))
        case .country: writer.string(pick(Self.countries, .country))
        }
    }

    /// Made of the name and the domain of the input as people make addresses; of the numbers where these are missing.
    private var email: String {
        let bits = Oracle.bits(identity, .email)
        let words = name.split(separator: " ").map(Self.letters).filter { !$0.isEmpty }
        let local: String =
            switch (words.first, words.dropFirst().last, bits % 3) {
            case (let first?, let last?, 0): first + "." + last
            case (let first?, let last?, 1): String(first.prefix(1)) + last
            case (let first?, let last?, _): first + "_" + last.prefix(1)
            case (let first?, nil, _): first
            case (nil, _, _): "contact" + String(bits >> 44)
            }
        return local + "@" + domain(else: bits)
    }

    private var name: String {
        if let whole = input["name"] ?? input["fullName"] ?? input["full_name"] { return whole }
        let first = input["firstName"] ?? input["first_name"] ?? ""
        return first + " " + (input["lastName"] ?? input["last_name"] ?? "")
    }

    private func domain(else bits: UInt64) -> String {
        let given = input["domain"] ?? input["companyDomain"] ?? input["company_domain"] ?? ""
        let labels = given.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let isHost =
            (2...10).contains(labels.count)
            && labels.allSatisfy { label in
                (1...63).contains(label.count) && label.first != UInt8(ascii: "-")
                    && label.last != UInt8(ascii: "-")
                    && label.allSatisfy { Self.isLetter($0) || $0 == UInt8(ascii: "-") }
            }
        return isHost && given.utf8.count <= 200 ? given : "company\((bits >> 32) & 0xFFF).example"
    }

    private static func letters(_ word: Substring) -> String {
        String(decoding: word.utf8.filter(isLetter).prefix(20), as: UTF8.self)
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    /// A number that is kept for fiction (NANP 555-0100 to 555-0199), in the form of E.164.
    private var phone: String {
        let bits = Oracle.bits(identity, .phone)
        let area = 200 + bits % 780
        let line = String((bits >> 32) % 100 + 100).dropFirst()
        return "+1\(area)55501\(line)"
    }

    /// Employees, 1 to 100,000: small ones are many.
    private var companySize: Int {
        let draw = Oracle.draw(identity, .companySize)
        let magnitudes = [1, 10, 100, 1_000, 10_000]
        let magnitude = magnitudes[Int(draw * 5)]
        return magnitude + Int((draw * 5).truncatingRemainder(dividingBy: 1) * Double(magnitude * 9))
    }

    private func pick(_ words: [String], _ purpose: Oracle.Purpose) -> String {
        words[Int(Oracle.bits(identity, purpose) % UInt64(words.count))]
    }

    private static let companies = [
        "Acme", "Globex", "Initech", "Umbrella", "Hooli", "Stark", "Wayne", "Wonka",
    ]
    private static let industries = [
        "software", "finance", "health", "retail", "energy", "education", "logistics", "media",
    ]
    private static let jobTitles = [
        "engineer", "head of sales", "accountant", "founder", "analyst", "designer", "buyer", "director",
    ]
    private static let countries = ["DE", "FR", "GB", "US", "JP", "BR", "IN", "ZA"]
}
