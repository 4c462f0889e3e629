import Egress

/// An exception as ClickHouse writes it: `Code: 60. DB::Exception: Unknown table … (UNKNOWN_TABLE) (version 26.5.1)`.
struct ServerException: Equatable {
    let code: Int
    /// All that stands behind the code, on one line.
    let text: String

    /// How much of the end of a body is searched.
    private static let tailBytes = 64 * 1024
    static let maximumMessage = 300

    /// That of an answer: named in a header, or anywhere in a body that is an error's.
    init?(in response: HTTPResponse) {
        let written = ServerException(inTailOf: response.body)
        guard let code = response.headers["X-ClickHouse-Exception-Code"].flatMap({ Int($0) }), code != 0
        else {
            guard response.status >= 400, let written else { return nil }
            self = written
            return
        }
        self.init(code: code, text: written?.code == code ? written?.text ?? "" : "")
    }

    /// The last one in these bytes: the server appends it to what it has sent already when it fails too late for a status.
    init?(inTailOf body: [UInt8]) {
        let tail = body.suffix(ServerException.tailBytes)
        let mark = Array("Code: ".utf8)
        var start = tail.endIndex - mark.count
        while start >= tail.startIndex {
            if tail[start] == mark[0], tail[start...].starts(with: mark),
                let found = ServerException(tail[(start + mark.count)...])
            {
                self = found
                return
            }
            start -= 1
        }
        return nil
    }

    /// - Parameter bytes: from the digits on.
    private init?(_ bytes: ArraySlice<UInt8>) {
        let digits = bytes.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard !digits.isEmpty, let code = Int(String(decoding: digits, as: UTF8.self)) else { return nil }
        // `. DB::Exception: `, and `, e.displayText() = DB::Exception: ` of old.
        let rest = bytes[digits.endIndex...]
        let name = Array("DB::Exception: ".utf8)
        guard let at = rest.prefix(64).indices.first(where: { rest[$0...].starts(with: name) }) else {
            return nil
        }
        self.init(code: code, text: String(decoding: rest[(at + name.count)...], as: UTF8.self))
    }

    private init(code: Int, text: String) {
        self.code = code
        // Behind the text, a server since 25.11 writes its length with the tag, and the mark again.
        let lines = text.split(whereSeparator: { $0.isNewline || $0 == "\0" }).prefix { line in
            let words = line.split(separator: " ")
            return line != "__exception__" && !(words.count == 2 && words[0].allSatisfy(\.isNumber))
        }
        self.text = lines.joined(separator: " ")
    }

    /// `UNKNOWN_TABLE`, where the server says it: it ends its messages so.
    var symbol: String? {
        let names = text.split(separator: "(").map { $0.prefix { $0 != ")" } }
        return names.last { $0.count > 3 && $0.utf8.allSatisfy(ServerException.isPartOfName) }.map(
            String.init)
    }

    private static func isPartOfName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// What may be shown of an exception about rows: its name alone, for the message quotes them.
    var withoutRows: ClickHouseFailure { .refused(code: code, message: symbol ?? "the rows are refused") }

    /// What may be shown of any other: shortened, and none of these texts in it.
    func without(_ hidden: [String]) -> ClickHouseFailure {
        var shown = text
        // The longest first: one may be a part of another.
        for word in hidden.sorted(by: { $0.utf8.count > $1.utf8.count }) where word.utf8.count >= 3 {
            shown = ServerException.replace(word, in: shown)
        }
        if shown.count > ServerException.maximumMessage {
            let name = symbol.map { " (\($0))" } ?? ""
            shown = shown.prefix(ServerException.maximumMessage) + "…" + name
        }
        return .refused(code: code, message: shown)
    }

    private static func replace(_ word: String, in text: String) -> String {
        let (word, bytes) = (Array(word.utf8), Array(text.utf8))
        var result: [UInt8] = []
        var position = 0
        while position < bytes.count {
            if bytes[position] == word[0], bytes[position...].starts(with: word) {
                result += "***".utf8
                position += word.count
            } else {
                result.append(bytes[position])
                position += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
