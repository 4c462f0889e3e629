import Glibc

extension Peer {
    /// What counts as one place, for rates and locks: the address, and of IPv6 its /64, which is what one customer is given
    /// (RFC 6177 §2): whoever has one has 2^64 addresses.
    public var network: String {
        guard case .ip(let text) = address else { return label }
        var bytes = [UInt8](repeating: 0, count: 16)
        guard inet_pton(AF_INET6, text, &bytes) == 1 else { return label }
        let mapped: [UInt8] = Array(repeating: 0, count: 10) + [0xFF, 0xFF]
        guard !bytes.starts(with: mapped) else {
            return "ip:" + bytes.suffix(4).map(String.init).joined(separator: ".")
        }
        let groups = stride(from: 0, to: 8, by: 2).map { index in
            String(UInt16(bytes[index]) << 8 | UInt16(bytes[index + 1]), radix: 16)
        }
        return "ip:" + groups.joined(separator: ":") + "::/64"
    }
}
