/// The bytes of one line while it is put together. Nothing that was logged can end the line, move a terminal's cursor,
/// or turn the reading direction.
struct LineText {
    var bytes: [UInt8] = []

    init(capacity: Int = 256) { bytes.reserveCapacity(capacity) }

    mutating func put(_ text: StaticString) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    mutating func put(plain text: String) { bytes.append(contentsOf: text.utf8) }

    mutating func put(_ value: some BinaryInteger) { put(plain: String(value)) }

    /// A JSON string, quotes included.
    mutating func putJSON(_ text: some Sequence<UInt8>) {
        put("\"")
        putEscaped(text, quoting: true)
        put("\"")
    }

    /// Valid UTF-8 with what is dangerous escaped as JSON does; with `quoting`, also what would end a string.
    mutating func putEscaped(_ text: some Sequence<UInt8>, quoting: Bool) {
        var pending: [UInt8] = []
        for byte in text {
            if !pending.isEmpty {
                pending.append(byte)
                if resolve(&pending) { continue }
            } else if byte == 0xc2 || byte == 0xe2 {
                pending.append(byte)
            } else if byte >= 0x20 && byte != 0x7f {
                if quoting && (byte == 0x22 || byte == 0x5c) { put("\\") }
                bytes.append(byte)
            } else {
                putControl(byte)
            }
        }
        bytes.append(contentsOf: pending)
    }

    /// C2 and E2 may begin a C1 control (U+0080–9F), a line separator or a bidirectional mark (U+2028–202E, 2066–2069).
    private mutating func resolve(_ pending: inout [UInt8]) -> Bool {
        if pending[0] == 0xe2 && pending.count == 2 && (pending[1] == 0x80 || pending[1] == 0x81) { return true }
        switch (pending[0], pending.count) {
        case (0xc2, _) where pending[1] < 0xa0: putUnicode(UInt16(pending[1]))
        case (_, 3) where pending[1] == 0x80 && 0xa8...0xae ~= pending[2]:
            putUnicode(0x2000 + UInt16(pending[2] & 0x3f))
        case (_, 3) where pending[1] == 0x81 && 0xa6...0xa9 ~= pending[2]:
            putUnicode(0x2040 + UInt16(pending[2] & 0x3f))
        default: bytes.append(contentsOf: pending)
        }
        pending.removeAll(keepingCapacity: true)
        return true
    }

    private mutating func putControl(_ byte: UInt8) {
        switch byte {
        case 0x0a: put("\\n")
        case 0x0d: put("\\r")
        case 0x09: put("\\t")
        default: putUnicode(UInt16(byte))
        }
    }

    private mutating func putUnicode(_ unit: UInt16) {
        put("\\u")
        for shift in [12, 8, 4, 0] { bytes.append(LineText.digits[Int(unit >> shift) & 15]) }
    }

    private static let digits = Array("0123456789abcdef".utf8)

    /// Every value that JSON can say; a number that it cannot say becomes text.
    mutating func putJSON(_ value: LogValue, text: (String) -> [UInt8]) {
        switch value {
        case .text(let string): putJSON(text(string))
        case .integer(let integer): put(integer)
        case .number(let number) where number.isFinite: put(plain: number.description)
        case .number(let number): putJSON(number.description.utf8)
        case .flag(let flag): if flag { put("true") } else { put("false") }
        }
    }
}
