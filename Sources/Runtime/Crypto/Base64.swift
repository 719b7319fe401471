/// RFC 4648 base64 with padding. Strict: no white space, no missing or stray padding, no bits that say nothing.
public enum Base64 {
    public static func encode(_ bytes: some Collection<UInt8>) -> String {
        Alphabet.standard.encode(Array(bytes), padded: true)
    }

    /// Nil when `text` is anything but the encoding of some bytes.
    public static func decode(_ text: String) -> [UInt8]? { decode(Array(text.utf8)) }

    public static func decode(_ text: [UInt8]) -> [UInt8]? {
        guard text.count % 4 == 0 else { return nil }
        var count = text.count
        while count > text.count - 2, count > 0, text[count - 1] == UInt8(ascii: "=") { count -= 1 }
        return Alphabet.standard.decode(text[..<count])
    }
}

/// RFC 4648 base64 for URLs, without padding. As strict as the other.
public enum Base64URL {
    public static func encode(_ bytes: some Collection<UInt8>) -> String {
        Alphabet.url.encode(Array(bytes), padded: false)
    }

    public static func decode(_ text: String) -> [UInt8]? { decode(Array(text.utf8)) }
    public static func decode(_ text: some Collection<UInt8>) -> [UInt8]? { Alphabet.url.decode(Array(text)[...]) }
}

private struct Alphabet {
    static let standard = Alphabet("+/")
    static let url = Alphabet("-_")

    private let characters: [UInt8]
    /// What a character stands for; 255 for none.
    private let values: [UInt8]

    private init(_ last: String) {
        characters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789\(last)".utf8)
        var values = [UInt8](repeating: 255, count: 256)
        for (value, character) in characters.enumerated() { values[Int(character)] = UInt8(value) }
        self.values = values
    }

    func encode(_ bytes: [UInt8], padded: Bool) -> String {
        String(unsafeUninitializedCapacity: (bytes.count + 2) / 3 * 4) { text in
            var written = 0
            for start in stride(from: 0, to: bytes.count, by: 3) {
                let count = min(3, bytes.count - start)
                var group: UInt32 = 0
                for place in 0..<3 { group = group << 8 | (place < count ? UInt32(bytes[start + place]) : 0) }
                for place in 0..<(padded ? 4 : count + 1) {
                    let value = Int(group >> UInt32(18 - 6 * place)) & 0x3f
                    text[written] = place <= count ? characters[value] : UInt8(ascii: "=")
                    written += 1
                }
            }
            return written
        }
    }

    /// `text` without padding.
    func decode(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        guard text.count % 4 != 1 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3 + 2)
        var bits: UInt32 = 0
        var held = 0
        for character in text {
            let value = values[Int(character)]
            guard value < 64 else { return nil }
            bits = bits << 6 | UInt32(value)
            held += 6
            if held >= 8 {
                held -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(held)))
            }
        }
        return bits & (1 << UInt32(held) - 1) == 0 ? bytes : nil
    }
}

public enum Hex {
    /// In lower case.
    public static func encode(_ bytes: some Collection<UInt8>) -> String { encode(Array(bytes)) }

    /// Not generic: one that is, is slow for callers in other modules.
    public static func encode(_ bytes: [UInt8]) -> String {
        String(unsafeUninitializedCapacity: bytes.count * 2) { text in
            var place = 0
            for byte in bytes {
                text[place] = digit(byte >> 4)
                text[place + 1] = digit(byte & 15)
                place += 2
            }
            return place
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    /// Either case; nil when `text` is anything but pairs of hexadecimal digits.
    public static func decode(_ text: String) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count % 2 == 0 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 2)
        for start in stride(from: 0, to: digits.count, by: 2) {
            guard let high = JSONText.hexDigit(digits[start]), let low = JSONText.hexDigit(digits[start + 1]) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return bytes
    }
}
