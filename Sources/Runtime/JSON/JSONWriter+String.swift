extension JSONWriter {
    /// Appends `text` in quotes. Returns where it stops being UTF-8, having written up to there.
    mutating func append(quoted text: UnsafeBufferPointer<UInt8>) -> Int? {
        append(byte: UInt8(ascii: "\""))
        guard let start = text.baseAddress, !text.isEmpty else {
            append(byte: UInt8(ascii: "\""))
            return nil
        }
        let end = start + text.count
        var next = start
        // Where the run of bytes begins that are not written yet.
        var run = start
        while true {
            next = style.contains(.htmlSafe) ? next : skipPlainWords(next, end)
            guard next < end else { break }
            let byte = next.pointee
            if byte >= 0x80 {
                let length = JSONText.sequenceLength(next, end)
                guard length > 0 else { return next - start }
                if length == 3, style.contains(.htmlSafe), isLineSeparator(next) {
                    append(UnsafeBufferPointer(start: run, count: next - run))
                    append(escape: 0x2000 | UInt16(next[2] & 0x3f))
                    run = next + 3
                }
                next += length
            } else if mustEscape(byte) {
                append(UnsafeBufferPointer(start: run, count: next - run))
                append(escaped: byte)
                next += 1
                run = next
            } else {
                next += 1
            }
        }
        append(UnsafeBufferPointer(start: run, count: end - run))
        append(byte: UInt8(ascii: "\""))
        return nil
    }

    @inline(__always)
    private func skipPlainWords(
        _ begin: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>
    ) -> UnsafePointer<UInt8> {
        var next = begin
        while end - next >= 8 {
            let plain = JSONText.plainPrefix(of: UnsafeRawPointer(next).loadUnaligned(as: UInt64.self))
            next += plain
            if plain < 8 { break }
        }
        return next
    }

    private func mustEscape(_ byte: UInt8) -> Bool {
        switch byte {
        case ..<0x20, UInt8(ascii: "\""), UInt8(ascii: "\\"): true
        case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"): style.contains(.htmlSafe)
        default: false
        }
    }

    /// U+2028 and U+2029 end a line in JavaScript.
    private func isLineSeparator(_ bytes: UnsafePointer<UInt8>) -> Bool {
        bytes[0] == 0xe2 && bytes[1] == 0x80 && (bytes[2] == 0xa8 || bytes[2] == 0xa9)
    }

    private mutating func append(escaped byte: UInt8) {
        let short: UInt8? =
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): byte
            case 0x08: UInt8(ascii: "b")
            case 0x09: UInt8(ascii: "t")
            case 0x0a: UInt8(ascii: "n")
            case 0x0c: UInt8(ascii: "f")
            case 0x0d: UInt8(ascii: "r")
            default: nil
            }
        guard let short else { return append(escape: UInt16(byte)) }
        append(byte: UInt8(ascii: "\\"))
        append(byte: short)
    }

    private mutating func append(escape unit: UInt16) {
        append(byte: UInt8(ascii: "\\"))
        append(byte: UInt8(ascii: "u"))
        for shift in stride(from: 12, through: 0, by: -4) {
            let digit = UInt8(truncatingIfNeeded: unit >> UInt16(shift)) & 0x0f
            append(byte: digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }
}

extension UnsafePointer<UInt8> {
    /// Whether these bytes are ASCII that stands for itself in a JSON string.
    func isPlain(_ count: Int) -> Bool {
        UnsafeBufferPointer(start: self, count: count).allSatisfy {
            $0 >= 0x20 && $0 < 0x80 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
        }
    }
}
