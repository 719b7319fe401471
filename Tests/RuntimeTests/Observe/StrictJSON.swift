/// A small reader that forgives nothing, so that what the room writes is checked by something it does not share.
enum StrictJSON: Equatable {
    case null, bool(Bool), number(String), string(String)
    case array([StrictJSON])
    case object([String: StrictJSON])

    struct Malformed: Error {
        let place: Int
    }

    static func parse(_ bytes: some Sequence<UInt8>) throws -> StrictJSON {
        var reader = Reader(bytes: Array(bytes))
        let value = try reader.value()
        guard reader.place == reader.bytes.count else { throw Malformed(place: reader.place) }
        return value
    }

    static func parse(_ text: String) throws -> StrictJSON { try parse(text.utf8) }

    subscript(key: String) -> StrictJSON? { if case .object(let pairs) = self { pairs[key] } else { nil } }
    subscript(place: Int) -> StrictJSON? {
        if case .array(let items) = self, place < items.count { items[place] } else { nil }
    }
    var text: String? { if case .string(let text) = self { text } else { nil } }
    var count: Int { if case .array(let items) = self { items.count } else { 0 } }

    private struct Reader {
        let bytes: [UInt8]
        var place = 0

        mutating func value() throws -> StrictJSON {
            switch peek {
            case 0x7b: return try object()
            case 0x5b: return try array()
            case 0x22: return .string(try string())
            case 0x74: return try word("true", .bool(true))
            case 0x66: return try word("false", .bool(false))
            case 0x6e: return try word("null", .null)
            default: return try number()
            }
        }

        private var peek: UInt8 { place < bytes.count ? bytes[place] : 0 }

        private mutating func expect(_ byte: UInt8) throws {
            guard peek == byte else { throw Malformed(place: place) }
            place += 1
        }

        private mutating func word(_ text: String, _ value: StrictJSON) throws -> StrictJSON {
            for byte in text.utf8 { try expect(byte) }
            return value
        }

        private mutating func object() throws -> StrictJSON {
            try expect(0x7b)
            var pairs: [String: StrictJSON] = [:]
            while peek != 0x7d {
                if !pairs.isEmpty { try expect(0x2c) }
                let key = try string()
                try expect(0x3a)
                guard pairs.updateValue(try value(), forKey: key) == nil else { throw Malformed(place: place) }
            }
            place += 1
            return .object(pairs)
        }

        private mutating func array() throws -> StrictJSON {
            try expect(0x5b)
            var items: [StrictJSON] = []
            while peek != 0x5d {
                if !items.isEmpty { try expect(0x2c) }
                items.append(try value())
            }
            place += 1
            return .array(items)
        }

        private mutating func string() throws -> String {
            try expect(0x22)
            var scalars = String.UnicodeScalarView()
            var plain: [UInt8] = []
            func flush() throws -> String.UnicodeScalarView {
                guard let text = String(validating: plain, as: UTF8.self) else { throw Malformed(place: place) }
                return text.unicodeScalars
            }
            while peek != 0x22 {
                guard place < bytes.count, peek >= 0x20 else { throw Malformed(place: place) }
                guard peek == 0x5c else {
                    plain.append(peek)
                    place += 1
                    continue
                }
                scalars.append(contentsOf: try flush())
                plain = []
                scalars.append(try escape())
            }
            place += 1
            scalars.append(contentsOf: try flush())
            return String(scalars)
        }

        private mutating func escape() throws -> Unicode.Scalar {
            place += 1
            let letter = peek
            place += 1
            switch letter {
            case 0x22: return "\""
            case 0x5c: return "\\"
            case 0x6e: return "\n"
            case 0x72: return "\r"
            case 0x74: return "\t"
            case 0x75:
                guard place + 4 <= bytes.count,
                    let unit = UInt32(String(decoding: bytes[place..<place + 4], as: UTF8.self), radix: 16),
                    let scalar = Unicode.Scalar(unit)
                else { throw Malformed(place: place) }
                place += 4
                return scalar
            default: throw Malformed(place: place)
            }
        }

        private mutating func number() throws -> StrictJSON {
            let start = place
            while place < bytes.count, "+-.0123456789eE".utf8.contains(bytes[place]) { place += 1 }
            let text = String(decoding: bytes[start..<place], as: UTF8.self)
            guard Double(text) != nil else { throw Malformed(place: start) }
            return .number(text)
        }
    }
}
