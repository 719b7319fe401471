import Glibc

/// Bytes on their way to a socket. Its memory comes with the first byte and goes with the last, so that an idle
/// connection has none.
struct OutputBuffer: ~Copyable {
    private var storage: UnsafeMutableRawPointer?
    private var capacity = 0
    private(set) var start = 0
    private(set) var end = 0
    /// Where the size of the open chunk belongs; its bytes follow after `chunkGap`.
    private var chunkStart = -1

    private static let chunkGap = 10

    init() {}

    deinit { free(storage) }

    /// Bytes to send, the open chunk's among them.
    var count: Int { end - start }
    var isEmpty: Bool { end == start }

    var unsent: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: storage.map { $0 + start }, count: end - start) }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, bytes.count > 0 else { return }
        reserve(bytes.count)
        memcpy(storage! + end, source, bytes.count)
        end += bytes.count
    }

    mutating func append(_ text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func append(byte: UInt8) {
        reserve(1)
        storage!.storeBytes(of: byte, toByteOffset: end, as: UInt8.self)
        end += 1
    }

    mutating func append(_ bytes: StaticBytes) { append(bytes.bytes) }

    mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    mutating func append(base36 number: UInt64) {
        reserve(13)
        var digits = 1
        var rest = number
        while rest >= 36 {
            rest /= 36
            digits += 1
        }
        rest = number
        for place in (0..<digits).reversed() {
            let digit = UInt8(rest % 36)
            storage!.storeBytes(of: digit < 10 ? 48 + digit : 87 + digit, toByteOffset: end + place, as: UInt8.self)
            rest /= 36
        }
        end += digits
    }

    mutating func append(decimal number: Int) {
        reserve(20)
        var digits = 1
        var rest = number
        while rest >= 10 {
            rest /= 10
            digits += 1
        }
        rest = number
        for place in (0..<digits).reversed() {
            storage!.storeBytes(of: UInt8(48 + rest % 10), toByteOffset: end + place, as: UInt8.self)
            rest /= 10
        }
        end += digits
    }

    // MARK: chunks

    /// Adds bytes to the chunk of this turn: one size line for all of them, written when the chunk is closed.
    mutating func append(chunked bytes: UnsafeRawBufferPointer) {
        if chunkStart < 0 {
            reserve(OutputBuffer.chunkGap + bytes.count)
            chunkStart = end
            end += OutputBuffer.chunkGap
        }
        append(bytes)
    }

    /// Writes the size line of the open chunk, moves its bytes up to it, and ends it.
    mutating func closeChunk() {
        guard chunkStart >= 0 else { return }
        let from = chunkStart + OutputBuffer.chunkGap
        let size = end - from
        chunkStart = -1
        var digits = 1
        while size >> (4 * digits) != 0 { digits += 1 }
        for place in 0..<digits {
            let digit = UInt8((size >> (4 * (digits - 1 - place))) & 15)
            storage!.storeBytes(
                of: digit < 10 ? 48 + digit : 87 + digit, toByteOffset: from - OutputBuffer.chunkGap + place,
                as: UInt8.self)
        }
        let head = from - OutputBuffer.chunkGap + digits
        storage!.storeBytes(of: 13, toByteOffset: head, as: UInt8.self)
        storage!.storeBytes(of: 10, toByteOffset: head + 1, as: UInt8.self)
        memmove(storage! + head + 2, storage! + from, size)
        end = head + 2 + size
        append("\r\n")
    }

    // MARK: room

    /// The kernel has taken this many.
    mutating func consume(_ count: Int) {
        start += count
        if start == end { (start, end) = (0, 0) }
    }

    /// Gives the memory back when nothing is in it.
    mutating func release() {
        guard isEmpty, storage != nil else { return }
        free(storage)
        storage = nil
        capacity = 0
    }

    mutating func removeAll() {
        (start, end, chunkStart) = (0, 0, -1)
        release()
    }

    private mutating func reserve(_ more: Int) {
        if end + more <= capacity { return }
        if start > 0, chunkStart < 0, end - start + more <= capacity, start >= capacity / 2 {
            memmove(storage!, storage! + start, end - start)
            (start, end) = (0, end - start)
            return
        }
        var size = max(capacity, 1024)
        while size < end + more { size *= 2 }
        storage = realloc(storage, size)
        precondition(storage != nil, "no memory for \(size) bytes of output")
        capacity = size
    }
}
