internal import LuaBridge

/// One pass over the text, straight into the bytes of a parcel: no object for any value.
///
/// The output needs no bounds checks: a text of n bytes fills at most 4.5 × (n + 1) bytes of a parcel (the worst are
/// one-digit numbers in a list: two characters, nine bytes), and each list left open by a broken text at most 9 more.
struct JSONParser {
    typealias Failure = JSONParseFailure

    let start: UnsafePointer<UInt8>
    let end: UnsafePointer<UInt8>
    let depthLimit: Int
    var next: UnsafePointer<UInt8>
    var out: UnsafeMutableRawPointer

    static func parse(_ text: UnsafeBufferPointer<UInt8>, _ limits: JSON.Limits) throws -> [UInt8] {
        guard text.count <= limits.bytes else {
            throw Fault(
                .tooLarge, "JSON of \(text.count) bytes is over the limit of \(Units.describe(bytes: limits.bytes))")
        }
        guard let base = text.baseAddress else { throw Failure(at: 0, .expected("a value")).fault(in: text) }
        var failure: Failure?
        let capacity = text.count * 5 + limits.depth * 9 + 64
        var bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
            let out = UnsafeMutableRawPointer(buffer.baseAddress!)
            var parser = JSONParser(
                start: base, end: base + text.count, depthLimit: limits.depth, next: base, out: out)
            do throws(Failure) { try parser.document() } catch { failure = error }
            count = parser.out - out
        }
        if let failure { throw failure.fault(in: text) }
        // A long text would otherwise keep several times its size reserved for as long as the values live.
        if capacity > 1 << 16, bytes.count < capacity / 2 { bytes = bytes.withUnsafeBufferPointer { Array($0) } }
        return bytes
    }

    private mutating func document() throws(Failure) {
        if end - start >= 3, start[0] == 0xef, start[1] == 0xbb, start[2] == 0xbf {
            throw Failure(at: 0, .broken("a byte order mark is not part of JSON"))
        }
        try value(depth: 0)
        skipSpace()
        if next < end { throw expected("the end of the text") }
    }

    mutating func value(depth: Int) throws(Failure) {
        skipSpace()
        guard next < end else { throw expected("a value") }
        switch next.pointee {
        case UInt8(ascii: "\""): try string()
        case UInt8(ascii: "{"): try object(depth: depth + 1)
        case UInt8(ascii: "["): try array(depth: depth + 1)
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): try number()
        case UInt8(ascii: "t"): try word("true", .true)
        case UInt8(ascii: "f"): try word("false", .false)
        case UInt8(ascii: "n"): try word("null", .null)
        default: throw expected("a value")
        }
    }

    private mutating func array(depth: Int) throws(Failure) {
        let header = try open(.array, depth)
        var count = 0
        skipSpace()
        if next < end, next.pointee == UInt8(ascii: "]") { return close(header, count) }
        while true {
            try value(depth: depth)
            count += 1
            skipSpace()
            guard next < end else { throw expected("',' or ']' in an array") }
            if next.pointee == UInt8(ascii: "]") { return close(header, count) }
            guard next.pointee == UInt8(ascii: ",") else { throw expected("',' or ']' in an array") }
            next += 1
        }
    }

    private mutating func object(depth: Int) throws(Failure) {
        let header = try open(.table, depth)
        var count = 0
        skipSpace()
        if next < end, next.pointee == UInt8(ascii: "}") { return close(header, count) }
        while true {
            skipSpace()
            guard next < end, next.pointee == UInt8(ascii: "\"") else {
                throw expected(count == 0 ? "a key or '}'" : "a key after ','")
            }
            try string()
            skipSpace()
            guard next < end, next.pointee == UInt8(ascii: ":") else { throw expected("':' after a key") }
            next += 1
            try value(depth: depth)
            count += 1
            skipSpace()
            guard next < end else { throw expected("',' or '}' in an object") }
            if next.pointee == UInt8(ascii: "}") { return close(header, count) }
            guard next.pointee == UInt8(ascii: ",") else { throw expected("',' or '}' in an object") }
            next += 1
        }
    }

    private mutating func open(_ tag: Parcel.Tag, _ depth: Int) throws(Failure) -> UnsafeMutableRawPointer {
        guard depth <= depthLimit else { throw Failure(at: next - start, .tooDeep(depthLimit)) }
        next += 1
        put(tag)
        let header = out
        out += 8
        return header
    }

    private mutating func close(_ header: UnsafeMutableRawPointer, _ count: Int) {
        next += 1
        header.storeBytes(of: UInt32(truncatingIfNeeded: count), as: UInt32.self)
        header.storeBytes(
            of: UInt32(truncatingIfNeeded: out - header - 8), toByteOffset: 4, as: UInt32.self)
    }

    private mutating func word(_ text: StaticString, _ tag: Parcel.Tag) throws(Failure) {
        for index in 0..<text.utf8CodeUnitCount {
            guard next < end, next.pointee == text.utf8Start[index] else { throw expected(text) }
            next += 1
        }
        put(tag)
    }

    @inline(__always)
    mutating func skipSpace() {
        while next < end {
            switch next.pointee {
            case 0x20, 0x0a, 0x0d, 0x09: next += 1
            default: return
            }
        }
    }

    @inline(__always)
    mutating func put(_ tag: Parcel.Tag) {
        out.storeBytes(of: tag.rawValue, as: UInt8.self)
        out += 1
    }

    func expected(_ what: StaticString) -> Failure { Failure(at: next - start, .expected(what)) }
}
