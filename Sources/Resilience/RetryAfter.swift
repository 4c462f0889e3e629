/// Reads `Retry-After` (RFC 9110 §10.2.3): seconds, or a date in one of the three forms of §5.6.7.
public enum RetryAfter {
    /// One day: whoever says more is taken to say this.
    public static let maximumSeconds = 86_400

    /// How long to wait, 0 to ``maximumSeconds``; a date that has passed is 0. Nil when it is neither form.
    ///
    /// - Parameter unixSeconds: the time now.
    public static func seconds(parsing text: String, unixSeconds: Int64) -> Int? {
        guard text.utf8.count <= 64 else { return nil }
        let bytes = Array(text.utf8)
        if !bytes.isEmpty, bytes.allSatisfy(isDigit) {
            // So many digits that they fit no integer are more than a day, too.
            return min(Int(text) ?? .max, maximumSeconds)
        }
        guard let date = self.unixSeconds(ofDate: bytes, now: unixSeconds) else { return nil }
        let (wait, overflow) = date.subtractingReportingOverflow(unixSeconds)
        guard !overflow else { return date < unixSeconds ? 0 : maximumSeconds }
        return Int(max(0, min(wait, Int64(maximumSeconds))))
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    private static let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    private static let longDays = [
        "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
    ]

    /// Whether the day of the week is the right one is not looked at: it says nothing that the date does not.
    private static func unixSeconds(ofDate bytes: [UInt8], now: Int64) -> Int64? {
        var scanner = Scanner(bytes[...])
        guard let weekday = scanner.word() else { return nil }
        if days.contains(weekday), scanner.take(", ") {
            // Sun, 06 Nov 1994 08:49:37 GMT
            guard let day = scanner.number(digits: 2), scanner.take(" "), let month = scanner.month(months),
                scanner.take(" "), let year = scanner.number(digits: 4), scanner.take(" "),
                let time = scanner.time(), scanner.take(" GMT"), scanner.isAtEnd
            else { return nil }
            return seconds(year, month, day, time)
        }
        if longDays.contains(weekday), scanner.take(", ") {
            // Sunday, 06-Nov-94 08:49:37 GMT
            guard let day = scanner.number(digits: 2), scanner.take("-"), let month = scanner.month(months),
                scanner.take("-"), let short = scanner.number(digits: 2), scanner.take(" "),
                let time = scanner.time(), scanner.take(" GMT"), scanner.isAtEnd
            else { return nil }
            let secondsOfYear: Int64 = 31_556_952
            let thisYear = 1970 + Int(max(0, min(now / secondsOfYear, 8_000)))
            // Of the years that end so, the one that is less than 50 years ago or at most 50 ahead.
            let earliest = thisYear - 49
            return seconds(earliest + (short - earliest % 100 + 100) % 100, month, day, time)
        }
        if days.contains(weekday), scanner.take(" ") {
            // Sun Nov  6 08:49:37 1994
            guard let month = scanner.month(months), scanner.take(" "),
                let day = scanner.take(" ") ? scanner.number(digits: 1) : scanner.number(digits: 2),
                scanner.take(" "), let time = scanner.time(), scanner.take(" "),
                let year = scanner.number(digits: 4), scanner.isAtEnd
            else { return nil }
            return seconds(year, month, day, time)
        }
        return nil
    }

    private static func seconds(_ year: Int, _ month: Int, _ day: Int, _ time: Int) -> Int64? {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        guard day >= 1, day <= lengths[month - 1] else { return nil }
        // Days since 1970-01-01, counted in years that begin in March ("chrono-Compatible Low-Level Date Algorithms", Hinnant).
        let shifted = month > 2 ? year : year - 1
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return Int64(era * 146_097 + dayOfEra - 719_468) * 86_400 + Int64(time)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private struct Scanner {
        private var rest: ArraySlice<UInt8>

        init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

        var isAtEnd: Bool { rest.isEmpty }

        mutating func take(_ text: String) -> Bool {
            guard rest.starts(with: text.utf8) else { return false }
            rest.removeFirst(text.utf8.count)
            return true
        }

        mutating func word() -> String? {
            let word = rest.prefix { ($0 | 0x20) >= UInt8(ascii: "a") && ($0 | 0x20) <= UInt8(ascii: "z") }
            rest.removeFirst(word.count)
            return word.isEmpty ? nil : String(decoding: word, as: UTF8.self)
        }

        /// From 1.
        mutating func month(_ names: [String]) -> Int? {
            guard let name = word(), let index = names.firstIndex(of: name) else { return nil }
            return index + 1
        }

        mutating func number(digits: Int) -> Int? {
            let part = rest.prefix(digits)
            guard part.count == digits, part.allSatisfy(isDigit) else { return nil }
            rest.removeFirst(digits)
            return part.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
        }

        /// Seconds of the day; a leap second counts as the one before.
        mutating func time() -> Int? {
            guard let hour = number(digits: 2), take(":"), let minute = number(digits: 2), take(":"),
                let second = number(digits: 2), hour < 24, minute < 60, second <= 60
            else { return nil }
            return hour * 3_600 + minute * 60 + min(second, 59)
        }
    }
}
