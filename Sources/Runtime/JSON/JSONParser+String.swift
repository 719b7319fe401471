internal import LuaBridge

extension JSONParser {
    /// Copies while it looks: eight bytes at a time as long as they are plain, one at a time where they are not.
    mutating func string() throws(Failure) {
        next += 1
        put(.string)
        let header = out
        out += 4
        while true {
            copyPlainWords()
            guard next < end else { throw expected("'\"' to end the string") }
            let byte = next.pointee
            if byte == UInt8(ascii: "\"") { break }
            if byte == UInt8(ascii: "\\") {
                try escape()
            } else if byte >= 0x80 {
                try multibyte()
            } else if byte < 0x20 {
                throw Failure(at: next - start, .expected("an escape such as \\n for a control character"))
            } else {
                put(byte)
                next += 1
            }
        }
        next += 1
        header.storeBytes(of: UInt32(truncatingIfNeeded: out - header - 4), as: UInt32.self)
    }

    @inline(__always)
    private mutating func copyPlainWords() {
        while end - next >= 8 {
            let word = UnsafeRawPointer(next).loadUnaligned(as: UInt64.self)
            out.storeBytes(of: word, as: UInt64.self)
            let plain = JSONText.plainPrefix(of: word)
            next += plain
            out += plain
            if plain < 8 { return }
        }
    }

    private mutating func multibyte() throws(Failure) {
        while next < end, next.pointee >= 0x80 {
            let length = JSONText.sequenceLength(next, end)
            guard length > 0 else { throw Failure(at: next - start, .broken("a string is not UTF-8")) }
            for _ in 0..<length {
                put(next.pointee)
                next += 1
            }
        }
    }

    private mutating func escape() throws(Failure) {
        let position = next - start
        next += 1
        guard next < end else { throw expected("'\"' to end the string") }
        let byte = next.pointee
        next += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): put(byte)
        case UInt8(ascii: "n"): put(UInt8(0x0a))
        case UInt8(ascii: "t"): put(UInt8(0x09))
        case UInt8(ascii: "r"): put(UInt8(0x0d))
        case UInt8(ascii: "b"): put(UInt8(0x08))
        case UInt8(ascii: "f"): put(UInt8(0x0c))
        case UInt8(ascii: "u"): try put(scalar: escapedScalar(position))
        default:
            next -= 1
            throw expected("one of \" \\ / b f n r t u after '\\'")
        }
    }

    private mutating func escapedScalar(_ position: Int) throws(Failure) -> UInt32 {
        let first = try fourHexDigits()
        guard first & 0xf800 == 0xd800 else { return first }
        let alone = Failure(at: position, .broken("half of a surrogate pair stands alone"))
        guard first < 0xdc00, end - next >= 2, next[0] == UInt8(ascii: "\\"), next[1] == UInt8(ascii: "u") else {
            throw alone
        }
        next += 2
        let second = try fourHexDigits()
        guard second & 0xfc00 == 0xdc00 else { throw alone }
        return 0x10000 + (first - 0xd800) << 10 + (second - 0xdc00)
    }

    private mutating func fourHexDigits() throws(Failure) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard next < end, let digit = JSONText.hexDigit(next.pointee) else {
                throw expected("four hexadecimal digits after '\\u'")
            }
            value = value << 4 | UInt32(digit)
            next += 1
        }
        return value
    }

    private mutating func put(scalar: UInt32) {
        switch scalar {
        case ..<0x80: put(UInt8(scalar))
        case ..<0x800:
            put(UInt8(0xc0 | scalar >> 6))
            put(continuation: scalar)
        case ..<0x10000:
            put(UInt8(0xe0 | scalar >> 12))
            put(continuation: scalar >> 6)
            put(continuation: scalar)
        default:
            put(UInt8(0xf0 | scalar >> 18))
            put(continuation: scalar >> 12)
            put(continuation: scalar >> 6)
            put(continuation: scalar)
        }
    }

    private mutating func put(continuation bits: UInt32) { put(UInt8(0x80 | bits & 0x3f)) }

    @inline(__always)
    private mutating func put(_ byte: UInt8) {
        out.storeBytes(of: byte, as: UInt8.self)
        out += 1
    }
}
