import CZlib

/// Undoes gzip or zlib compression piece by piece. A few bytes can claim to be gigabytes, so what may come out in all is
/// bounded, and nothing is reserved ahead.
public final class Inflater {
    private nonisolated(unsafe) let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    private let limit: Int
    private var produced = 0
    private var isWithinMember = false
    private var members = 0
    private var failure: Fault?

    private static let pieceSize = 32 << 10
    /// zlib's way to say: the largest window, and find out by the header which of the two it is.
    private static let anyWindow: Int32 = 15 + 32

    public init(limit: Int) {
        self.limit = limit
        stream.initialize(to: z_stream())
        let result = inflateInit2_(stream, Inflater.anyWindow, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(result == Z_OK, "no memory to expand gzip")
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// The content of the next piece. After an error it gives only that error.
    public func take(_ bytes: [UInt8]) throws -> [UInt8] {
        if let failure { throw failure }
        do {
            return try bytes.withUnsafeBufferPointer { try expand($0) }
        } catch {
            failure = Fault(error)
            throw error
        }
    }

    /// Call it behind the last piece: a stream that was cut off is an error.
    public func finish() throws {
        if let failure { throw failure }
        guard !isWithinMember, members > 0 else {
            throw Fault(.invalidInput, "the compressed content ends too early")
        }
    }

    private func expand(_ input: UnsafeBufferPointer<UInt8>) throws -> [UInt8] {
        var content: [UInt8] = []
        stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        stream.pointee.avail_in = UInt32(input.count)
        var isOutputFull = false
        while stream.pointee.avail_in > 0 || isOutputFull {
            isWithinMember = true
            let piece = [UInt8](unsafeUninitializedCapacity: Inflater.pieceSize) { output, count in
                stream.pointee.next_out = output.baseAddress
                stream.pointee.avail_out = UInt32(Inflater.pieceSize)
                status = inflate(stream, Z_NO_FLUSH)
                count = Inflater.pieceSize - Int(stream.pointee.avail_out)
            }
            isOutputFull = piece.count == Inflater.pieceSize
            produced += piece.count
            guard produced <= limit else {
                throw Fault(.tooLarge, "the compressed content expands to more than \(limit) bytes")
            }
            if content.isEmpty { content = piece } else { content += piece }
            switch status {
            case Z_OK: break
            case Z_BUF_ERROR: isOutputFull = false
            case Z_STREAM_END:
                // gzip allows several members, one behind the other.
                members += 1
                isWithinMember = false
                isOutputFull = false
                inflateReset(stream)
            default: throw Fault(.invalidInput, "the compressed content is damaged")
            }
        }
        return content
    }

    private var status = Z_OK
}
