/// What reading and writing have to know about the bytes of a string.
enum JSONText {
    /// How many of the eight bytes, from the first in memory, are ASCII that stands for itself in a JSON string.
    ///
    /// A byte's top bit comes out set where it is a control character, a quote, a backslash or not ASCII. Borrows make
    /// wrong marks only behind a true one, and the first is all that counts.
    @inline(__always)
    static func plainPrefix(of word: UInt64) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let controls = word &- ones &* 0x20
        let quotes = (word ^ (ones &* 0x22)) &- ones
        let backslashes = (word ^ (ones &* 0x5c)) &- ones
        let marks = (controls | quotes | backslashes | word) & (ones &* 0x80)
        return marks == 0 ? 8 : marks.littleEndian.trailingZeroBitCount >> 3
    }

    /// The length of the UTF-8 sequence at `byte`; 0 where there is none: overlong, surrogate, beyond U+10FFFF, cut.
    static func sequenceLength(_ byte: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> Int {
        let available = end - byte
        switch byte[0] {
        case ..<0x80: return 1
        case 0xc2...0xdf: return available >= 2 && continues(byte[1]) ? 2 : 0
        case 0xe0...0xef:
            guard available >= 3, continues(byte[1]), continues(byte[2]) else { return 0 }
            if byte[0] == 0xe0, byte[1] < 0xa0 { return 0 }
            if byte[0] == 0xed, byte[1] > 0x9f { return 0 }
            return 3
        case 0xf0...0xf4:
            guard available >= 4, continues(byte[1]), continues(byte[2]), continues(byte[3]) else { return 0 }
            if byte[0] == 0xf0, byte[1] < 0x90 { return 0 }
            if byte[0] == 0xf4, byte[1] > 0x8f { return 0 }
            return 4
        default: return 0
        }
    }

    @inline(__always)
    private static func continues(_ byte: UInt8) -> Bool { byte & 0xc0 == 0x80 }

    @inline(__always)
    static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
