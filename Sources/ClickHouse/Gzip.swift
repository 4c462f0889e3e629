import CZlib

/// Compression as HTTP has it (RFC 1952), piece by piece.
///
/// Safe without a lock: it is not `Sendable`, and whoever makes it keeps it. zlib holds on to the address of the stream, so that has
/// a place of its own.
package final class Gzip {
    private let stream: UnsafeMutablePointer<z_stream>
    private(set) var output: [UInt8] = []

    /// The fastest: beyond it, time doubles for a tenth of the size.
    static let level: Int32 = 1
    /// How much is compressed in one go: some milliseconds of work.
    static let pieceBytes = 256 * 1024

    /// Nil when there is no memory.
    init?() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        guard rpcd_gzip_start(stream, Gzip.level) == Z_OK else {
            stream.deallocate()
            return nil
        }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    /// - Returns: whether zlib did it; where it did not, ``output`` is of no use.
    func add(_ bytes: ArraySlice<UInt8>, isLast: Bool) -> Bool {
        bytes.withUnsafeBufferPointer { input in
            // zlib reads only; its interface is older than `const`.
            stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
            stream.pointee.avail_in = UInt32(input.count)
            return run(isLast ? Z_FINISH : Z_NO_FLUSH)
        }
    }

    private func run(_ flush: Int32) -> Bool {
        while true {
            let room = Int(deflateBound(stream, UInt(stream.pointee.avail_in))) + 64
            var status = Z_OK
            let piece = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
                stream.pointee.next_out = buffer.baseAddress
                stream.pointee.avail_out = UInt32(room)
                status = deflate(stream, flush)
                count = room - Int(stream.pointee.avail_out)
            }
            output += piece
            switch status {
            case Z_STREAM_END: return true
            case Z_OK where flush == Z_NO_FLUSH && stream.pointee.avail_in == 0 && piece.count < room:
                return true
            case Z_OK: continue
            default: return false
            }
        }
    }

    /// All at once, giving others their turn now and then. Nil when there is no memory.
    package static func compress(_ bytes: [UInt8]) async -> [UInt8]? {
        guard let gzip = Gzip() else { return nil }
        gzip.output.reserveCapacity(bytes.count / 4)
        var rest = bytes[...]
        repeat {
            let piece = rest.prefix(pieceBytes)
            rest = rest.dropFirst(pieceBytes)
            guard gzip.add(piece, isLast: rest.isEmpty) else { return nil }
            await Task.yield()
        } while !rest.isEmpty
        return gzip.output
    }
}
