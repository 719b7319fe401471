import CZlib

/// The gzip coding of HTTP, by zlib.
public enum Gzip {
    /// `level` runs from 1 (fast) to 9 (small). It works for as long as it takes: about 15 ms a megabyte at level 4.
    public static func compress(_ bytes: [UInt8], level: Int = 6) -> [UInt8] {
        var stream = z_stream()
        let result = deflateInit2_(
            &stream, Int32(min(9, max(1, level))), Z_DEFLATED, gzipWindow, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        precondition(result == Z_OK, "no memory for gzip")
        defer { deflateEnd(&stream) }
        let bound = Int(deflateBound(&stream, UInt(bytes.count)))
        precondition(bytes.count <= UInt32.max && bound <= UInt32.max, "too much for one call of gzip")
        return bytes.withUnsafeBufferPointer { input in
            [UInt8](unsafeUninitializedCapacity: bound) { output, count in
                // zlib reads only; its type is older than const.
                stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                stream.avail_in = UInt32(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(bound)
                let result = deflate(&stream, Z_FINISH)
                precondition(result == Z_STREAM_END, "gzip needs more than the bound it gave")
                count = bound - Int(stream.avail_out)
            }
        }
    }

    /// All of a gzip or zlib stream at once; more than `limit` bytes of content is an error, whatever little came in.
    public static func expand(_ bytes: [UInt8], limit: Int) throws -> [UInt8] {
        let inflater = Inflater(limit: limit)
        let content = try inflater.take(bytes)
        try inflater.finish()
        return content
    }

    /// zlib's way to say: the largest window, with gzip's header.
    private static let gzipWindow: Int32 = 15 + 16
}
