/// Addresses that no outside service has: the special-purpose registries of IANA (RFC 6890, as of 2024).
enum SpecialRanges {
    /// What `address` is, when it is none that a server on the Internet has.
    static func kind(of address: IPAddress) -> String? {
        if let range = ranges.first(where: { $0.range.contains(address) }) { return range.kind }
        // IANA gives out global unicast from 2000::/3 alone; the rest is reserved, whatever it may be one day.
        if case .v6 = address, !globalUnicast.contains(address) { return "a reserved address" }
        return nil
    }

    private static let globalUnicast = v6(0x2000, prefix: 3, "").range

    /// The first that fits says what an address is: narrow ranges stand before the wide ones around them. Forms that carry an IPv4
    /// address inside are refused as such, whatever is inside: where they lead is up to a gateway.
    static let ranges: [(range: IPRange, kind: String)] = [
        v4(0, 0, 0, 0, prefix: 8, "this network or unspecified"),
        v4(10, 0, 0, 0, prefix: 8, "a private network"),
        v4(100, 64, 0, 0, prefix: 10, "shared by a provider's NAT"),
        v4(127, 0, 0, 0, prefix: 8, "loopback"),
        v4(169, 254, 0, 0, prefix: 16, "link-local, where clouds keep their metadata"),
        v4(172, 16, 0, 0, prefix: 12, "a private network"),
        v4(192, 0, 0, 0, prefix: 24, "reserved for protocols"),
        v4(192, 0, 2, 0, prefix: 24, "for documentation"),
        v4(192, 88, 99, 0, prefix: 24, "a 6to4 relay"),
        v4(192, 168, 0, 0, prefix: 16, "a private network"),
        v4(198, 18, 0, 0, prefix: 15, "for benchmarks"),
        v4(198, 51, 100, 0, prefix: 24, "for documentation"),
        v4(203, 0, 113, 0, prefix: 24, "for documentation"),
        v4(224, 0, 0, 0, prefix: 4, "multicast"),
        v4(255, 255, 255, 255, prefix: 32, "broadcast"),
        v4(240, 0, 0, 0, prefix: 4, "reserved"),
        v6(0, prefix: 128, "unspecified"),
        v6(0, 0, 0, 0, 0, 0, 0, 1, prefix: 128, "loopback"),
        v6(0, 0, 0, 0, 0, 0xFFFF, prefix: 96, "IPv4 mapped into IPv6"),
        v6(0, prefix: 96, "IPv4 written as IPv6"),
        v6(0x64, 0xFF9B, prefix: 96, "IPv4 behind NAT64"),
        v6(0x64, 0xFF9B, 1, prefix: 48, "IPv4 behind a local NAT64"),
        v6(0x100, prefix: 64, "discarded"),
        v6(0x2002, prefix: 16, "IPv4 by 6to4"),
        v6(0x2001, 0, prefix: 32, "IPv4 by Teredo"),
        v6(0x2001, prefix: 23, "reserved for protocols"),
        v6(0x2001, 0xDB8, prefix: 32, "for documentation"),
        v6(0x3FFF, prefix: 20, "for documentation"),
        v6(0xFC00, prefix: 7, "a private network"),
        v6(0xFE80, prefix: 10, "link-local"),
        v6(0xFEC0, prefix: 10, "site-local"),
        v6(0xFF00, prefix: 8, "multicast"),
    ]

    private static func v4(_ parts: UInt32..., prefix: Int, _ kind: String) -> (range: IPRange, kind: String)
    {
        let address = IPAddress.v4(parts.reduce(0) { $0 << 8 | $1 })
        return (IPRange(address, prefixLength: prefix) ?? IPRange(address), kind)
    }

    /// - Parameter groups: the first of the eight; the others are 0.
    private static func v6(_ groups: UInt128..., prefix: Int, _ kind: String) -> (
        range: IPRange, kind: String
    ) {
        let bits = groups.reduce(0) { $0 << 16 | $1 }
        let address = IPAddress.v6(bits << UInt128(16 * (8 - groups.count)))
        return (IPRange(address, prefixLength: prefix) ?? IPRange(address), kind)
    }
}
