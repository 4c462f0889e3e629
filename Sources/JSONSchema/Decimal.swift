import JSON

/// A JSON number without loss: ± digits × 10^exponent. Two that are equal are the same digits and exponent.
///
/// Every operation takes a time that is linear in the digits written, whatever the exponent. Exponents are kept up to
/// ±10^17; beyond, all count as that one.
struct Decimal: Equatable, Sendable {
    private static let exponents = -100_000_000_000_000_000...100_000_000_000_000_000

    let isNegative: Bool
    /// 0 to 9 each, the highest first, without zeros at either end. Empty: the number is 0.
    let digits: [UInt8]
    let exponent: Int

    /// `nil` when `json` is not a number.
    init?(_ json: JSON) {
        guard json.kind == .number else { return nil }
        var rest = json.sourceBytes
        let hasSign = rest.first == UInt8(ascii: "-")
        if hasSign { rest = rest.dropFirst() }
        var digits: [UInt8] = []
        digits.reserveCapacity(rest.count)
        var exponent = 0
        var isFraction = false
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: ".") {
                isFraction = true
            } else if byte | 0x20 == UInt8(ascii: "e") {
                exponent += Decimal.exponent(rest)
                break
            } else {
                if isFraction { exponent -= 1 }
                if byte > UInt8(ascii: "0") || !digits.isEmpty { digits.append(byte & 0xF) }
            }
        }
        while digits.last == 0 {
            digits.removeLast()
            exponent += 1
        }
        self.digits = digits
        self.isNegative = hasSign && !digits.isEmpty
        self.exponent = digits.isEmpty ? 0 : exponent
    }

    private static func exponent(_ text: ArraySlice<UInt8>) -> Int {
        var value = 0
        for byte in text where byte >= UInt8(ascii: "0") {
            value = min(value * 10 + Int(byte & 0xF), exponents.upperBound)
        }
        return text.first == UInt8(ascii: "-") ? -value : value
    }

    var isInteger: Bool { exponent >= 0 }

    /// The number when it is whole and not negative; `Int.max` when it is larger than that.
    var size: Int? {
        guard isInteger, !isNegative else { return nil }
        guard digits.count + exponent <= 18 else { return digits.isEmpty ? 0 : .max }
        return digits.reduce(0) { $0 * 10 + Int($1) } * (0..<exponent).reduce(1) { power, _ in power * 10 }
    }
}

extension Decimal: Comparable {
    static func < (left: Decimal, right: Decimal) -> Bool {
        guard left.isNegative == right.isNegative else { return left.isNegative }
        return left.isNegative ? right.isSmaller(than: left) : left.isSmaller(than: right)
    }

    /// Without regard to the signs.
    private func isSmaller(than other: Decimal) -> Bool {
        guard !digits.isEmpty, !other.digits.isEmpty else { return digits.isEmpty && !other.digits.isEmpty }
        let (places, otherPlaces) = (digits.count + exponent, other.digits.count + other.exponent)
        // Of two that start with the same digits the longer is the larger, because it does not end with a zero.
        return places == otherPlaces ? digits.lexicographicallyPrecedes(other.digits) : places < otherPlaces
    }
}

/// What `multipleOf` divides by: above 0, of at most 18 digits beside zeros.
struct Divisor: Sendable {
    static let maximumDigits = 18

    private let digits: UInt64
    private let exponent: Int

    init?(_ number: Decimal) {
        guard !number.isNegative, !number.digits.isEmpty, number.digits.count <= Divisor.maximumDigits else {
            return nil
        }
        digits = number.digits.reduce(0) { $0 * 10 + UInt64($1) }
        exponent = number.exponent
    }

    /// Whether `number` is a whole multiple, exactly.
    func divides(_ number: Decimal) -> Bool {
        guard !number.digits.isEmpty else { return true }
        let shift = number.exponent - exponent
        // Otherwise its digits would have to be a multiple of 10, and they do not end with a zero.
        guard shift >= 0 else { return false }
        // Below 10^18 × 10 + 9, which fits.
        let rest = number.digits.reduce(UInt64(0)) { ($0 * 10 + UInt64($1)) % digits }
        return product(rest, power(shift)) == 0
    }

    /// 10^exponent modulo the digits, by squaring.
    private func power(_ exponent: Int) -> UInt64 {
        var (result, base, rest) = (1 % digits, 10 % digits, exponent)
        while rest > 0 {
            if rest & 1 == 1 { result = product(result, base) }
            base = product(base, base)
            rest >>= 1
        }
        return result
    }

    /// Modulo the digits. Both are below them, so that the quotient fits.
    private func product(_ left: UInt64, _ right: UInt64) -> UInt64 {
        digits.dividingFullWidth(left.multipliedFullWidth(by: right)).remainder
    }
}
