import COpenSSL
import Glibc
import Synchronization

/// Key material: kept out of swap (`mlock`, as far as RLIMIT_MEMLOCK allows) and out of core dumps
/// (`MADV_DONTDUMP`), wiped when the last reference goes, and printed as `***`.
///
/// Each value has pages of its own: locking and unlocking work on whole pages, so a page shared by two
/// secrets would be unlocked by the first to go.
// Safe to share: the pages are written by the initialiser alone, before anybody else has the object, and wiped by deinit, when nobody has it any
// more; in between they are only read.
public final class SecretBytes: @unchecked Sendable {
    private let pages: UnsafeMutableRawPointer
    private let mappedLength: Int

    /// Number of secret bytes.
    public let count: Int

    /// Reserves `count` bytes and lets `fill` write them; they are zero before.
    ///
    /// - Throws: `outOfMemory`, `invalidLength` for a negative count, or what `fill` throws.
    public init(
        count: Int, filling fill: (UnsafeMutableRawBufferPointer) throws(CryptographyError) -> Void
    ) throws(CryptographyError) {
        let pageSize = Int(getpagesize())
        guard count >= 0, count <= Int.max - pageSize else {
            throw .invalidLength(parameter: "secret", expected: "0 or more", actual: count)
        }
        let length = max(1, (count + pageSize - 1) / pageSize) * pageSize
        guard let pages = SecretPages.take(length) else { throw .outOfMemory }
        self.pages = pages
        self.mappedLength = length
        self.count = count
        try fill(UnsafeMutableRawBufferPointer(start: pages, count: count))
    }

    /// Copies `bytes`. The source is the caller's to wipe.
    public convenience init(copying bytes: UnsafeRawBufferPointer) throws(CryptographyError) {
        try self.init(count: bytes.count) { (secret) throws(CryptographyError) in
            secret.copyMemory(from: bytes)
        }
    }

    /// Copies `bytes`. The array stays as it is: prefer `init(moving:)` for what was read from a file.
    public convenience init(_ bytes: [UInt8]) throws(CryptographyError) {
        try self.init(count: bytes.count) { (secret) throws(CryptographyError) in
            secret.copyBytes(from: bytes)
        }
    }

    /// Takes `bytes` over: the array is wiped and left empty.
    public convenience init(moving bytes: inout [UInt8]) throws(CryptographyError) {
        defer {
            bytes.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) }
            bytes = []
        }
        try self.init(bytes)
    }

    /// `count` fresh bytes from libcrypto's generator for private values.
    public static func random(count: Int) throws(CryptographyError) -> SecretBytes {
        try SecretBytes(count: count) { (secret) throws(CryptographyError) in
            guard let size = Int32(exactly: secret.count) else {
                throw .invalidLength(parameter: "secret", expected: "below 2 GiB", actual: secret.count)
            }
            let start = secret.baseAddress?.assumingMemoryBound(to: UInt8.self)
            guard RAND_priv_bytes(start, size) == 1 else { throw .fromLibcrypto("RAND_priv_bytes") }
        }
    }

    /// Lends the bytes. The pointer is valid inside `body` only; copies made there are not protected.
    public func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // Without this the optimiser may end the object, and its pages, before `body` returns.
        defer { extendLifetime(self) }
        return try body(UnsafeRawBufferPointer(start: pages, count: count))
    }

    deinit {
        // What is beyond was never written.
        OPENSSL_cleanse(pages, count)
        SecretPages.give(pages, mappedLength)
    }
}

/// Locked pages. Single ones, wiped, are kept for the next secret: mapping and locking cost more than most that is done with one.
private enum SecretPages {
    /// Safe to share: an address on its way, of pages that nobody else has.
    private struct Spare: @unchecked Sendable {
        let address: UnsafeMutableRawPointer
    }

    private static let spares = Mutex<[Spare]>([])
    private static let mostSpares = 256
    private static let pageSize = Int(getpagesize())

    /// Zeroed.
    static func take(_ length: Int) -> UnsafeMutableRawPointer? {
        if length == pageSize, let spare = spares.withLock({ $0.popLast() }) { return spare.address }
        let mapped = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let mapped, mapped != MAP_FAILED else { return nil }
        // Best effort: an unprivileged process may have no lockable memory left and must work all the same.
        _ = mlock(mapped, length)
        _ = madvise(mapped, length, MADV_DONTDUMP)
        return mapped
    }

    /// - Parameter pages: wiped.
    static func give(_ pages: UnsafeMutableRawPointer, _ length: Int) {
        let spare = Spare(address: pages)
        let isKept = spares.withLock { spares in
            guard length == pageSize, spares.count < mostSpares else { return false }
            spares.append(spare)
            return true
        }
        if !isKept { munmap(pages, length) }
    }
}

extension SecretBytes: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "***" }
    public var debugDescription: String { "***" }
    public var customMirror: Mirror { Mirror(self, children: [], displayStyle: .class) }
}
