import Glibc

/// An IPv4 or IPv6 address, without port and zone.
public enum IPAddress: Sendable, Hashable {
    /// In the order of the host: 127.0.0.1 is 0x7F00_0001.
    case v4(UInt32)
    case v6(UInt128)

    /// Takes what inet_pton(3) takes: four decimal parts, or RFC 4291 §2.2. None of the other spellings of IPv4.
    public init?(_ text: String) {
        guard !text.utf8.contains(0) else { return nil }
        var four = in_addr()
        var six = in6_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            self = .v4(UInt32(bigEndian: four.s_addr))
        } else if inet_pton(AF_INET6, text, &six) == 1 {
            self = IPAddress(six)
        } else {
            return nil
        }
    }

    /// What a socket would connect to; nil when that is no Internet address.
    init?(_ address: UnsafeRawPointer, length: Int) {
        guard length >= MemoryLayout<sa_family_t>.size else { return nil }
        switch Int32(address.loadUnaligned(as: sa_family_t.self)) {
        case AF_INET where length >= MemoryLayout<sockaddr_in>.size:
            let four = address.loadUnaligned(as: sockaddr_in.self)
            self = .v4(UInt32(bigEndian: four.sin_addr.s_addr))
        case AF_INET6 where length >= MemoryLayout<sockaddr_in6>.size:
            self = IPAddress(address.loadUnaligned(as: sockaddr_in6.self).sin6_addr)
        default: return nil
        }
    }

    private init(_ six: in6_addr) {
        self = .v6(withUnsafeBytes(of: six) { $0.reduce(0) { $0 << 8 | UInt128($1) } })
    }
}

extension IPAddress: CustomStringConvertible {
    /// The usual short form, as `127.0.0.1` or `2001:db8::1`.
    public var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        switch self {
        case .v4(let bits):
            var four = in_addr(s_addr: bits.bigEndian)
            inet_ntop(AF_INET, &four, &text, socklen_t(text.count))
        case .v6(let bits):
            var six = in6_addr()
            withUnsafeMutableBytes(of: &six) { $0.storeBytes(of: bits.bigEndian, as: UInt128.self) }
            inet_ntop(AF_INET6, &six, &text, socklen_t(text.count))
        }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// Addresses of one family that begin alike (CIDR, RFC 4632).
public struct IPRange: Sendable, Hashable {
    public let first: IPAddress
    /// How many bits are alike: 0 to 32, or to 128.
    public let prefixLength: Int

    /// Nil unless the prefix has that many bits; bits of `address` beyond it are cleared.
    public init?(_ address: IPAddress, prefixLength: Int) {
        switch address {
        case .v4(let bits):
            guard (0...32).contains(prefixLength) else { return nil }
            // A shift by the whole width gives 0 in Swift, as it should here.
            first = .v4(bits & (~0 << UInt32(32 - prefixLength)))
        case .v6(let bits):
            guard (0...128).contains(prefixLength) else { return nil }
            first = .v6(bits & (~0 << UInt128(128 - prefixLength)))
        }
        self.prefixLength = prefixLength
    }

    /// The range of one address.
    init(_ address: IPAddress) {
        first = address
        switch address {
        case .v4: prefixLength = 32
        case .v6: prefixLength = 128
        }
    }

    public func contains(_ address: IPAddress) -> Bool {
        switch (first, address) {
        case (.v4(let own), .v4(let other)): (own ^ other) >> UInt32(32 - prefixLength) == 0
        case (.v6(let own), .v6(let other)): (own ^ other) >> UInt128(128 - prefixLength) == 0
        case (.v4, .v6), (.v6, .v4): false
        }
    }
}

extension IPRange: CustomStringConvertible {
    public var description: String { "\(first)/\(prefixLength)" }
}
