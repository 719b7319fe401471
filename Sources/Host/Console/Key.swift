/// What a person pressed, as a terminal's bytes tell it.
enum Key: Equatable {
    case text(Character)
    /// Ctrl with a letter, in lower case.
    case control(Character)
    /// Text that was put in at once: line breaks in it do not send it.
    case paste(String)
    case enter, tab, backspace, delete
    case left, right, up, down, home, end
    case wordLeft, wordRight, deleteWord
    case escape
    /// A sequence that has no meaning here.
    case unknown
}

/// Turns the bytes of a terminal into keys. Bytes of one key may come in several pieces.
struct KeyReader {
    private var pending: [UInt8] = []
    private var pasted: [UInt8]?

    private static let pasteEnd = Array("\u{1b}[201~".utf8)
    /// What a terminal can plausibly paste; the rest of a larger one is dropped.
    private static let pasteLimit = 1 << 20

    /// The keys that are complete now.
    mutating func read(_ bytes: some Sequence<UInt8>) -> [Key] {
        pending += bytes
        var keys: [Key] = []
        while true {
            if pasted != nil {
                guard let key = takePaste() else { return keys }
                keys.append(key)
            } else {
                guard let key = takeKey() else { return keys }
                if key != .unknown || pasted == nil { keys.append(key) }
            }
        }
    }

    /// Whether a lone escape waits for what could follow it. A terminal sends a sequence in one piece, so at the end of
    /// a piece it is the key itself.
    mutating func finishEscape() -> Key? {
        guard pending == [0x1b] else { return nil }
        pending = []
        return .escape
    }

    private mutating func takeKey() -> Key? {
        guard let first = pending.first else { return nil }
        switch first {
        case 0x1b: return takeSequence()
        case 13, 10: return take(1, .enter)
        case 9: return take(1, .tab)
        case 127, 8: return take(1, .backspace)
        case 0..<32: return take(1, .control(Character(Unicode.Scalar(first + 96))))
        default: return takeCharacter(first)
        }
    }

    private mutating func takeCharacter(_ first: UInt8) -> Key? {
        let length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0
        guard length > 0 else { return take(1, .unknown) }
        let body = pending.prefix(length)
        if body.dropFirst().contains(where: { $0 & 0xc0 != 0x80 }) { return take(1, .unknown) }
        guard body.count == length else { return nil }
        guard let text = String(validating: body, as: UTF8.self), let character = text.first else {
            return take(length, .unknown)
        }
        return take(length, .text(character))
    }

    /// ESC with a letter, `ESC [ … final` and `ESC O final`.
    private mutating func takeSequence() -> Key? {
        guard pending.count >= 2 else { return nil }
        switch pending[1] {
        case UInt8(ascii: "["):
            guard let end = pending.dropFirst(2).firstIndex(where: { 0x40...0x7e ~= $0 }) else {
                return pending.count > 32 ? take(pending.count, .unknown) : nil
            }
            let body = String(decoding: pending[2...end], as: UTF8.self)
            if body == "200~" { pasted = [] }
            return take(end + 1, KeyReader.sequences[body] ?? .unknown)
        case UInt8(ascii: "O"):
            guard pending.count >= 3 else { return nil }
            return take(3, KeyReader.sequences[String(decoding: [pending[2]], as: UTF8.self)] ?? .unknown)
        case UInt8(ascii: "b"): return take(2, .wordLeft)
        case UInt8(ascii: "f"): return take(2, .wordRight)
        case 127, UInt8(ascii: "d"): return take(2, pending[1] == 127 ? .control("w") : .deleteWord)
        case 0x1b: return take(1, .escape)
        default: return take(2, .unknown)
        }
    }

    private static let sequences: [String: Key] = [
        "A": .up, "B": .down, "C": .right, "D": .left, "H": .home, "F": .end, "1~": .home, "7~": .home, "4~": .end,
        "8~": .end, "3~": .delete, "1;5C": .wordRight, "1;5D": .wordLeft, "1;3C": .wordRight, "1;3D": .wordLeft,
        "3;5~": .deleteWord,
    ]

    private mutating func takePaste() -> Key? {
        let end = pending.firstRange(of: KeyReader.pasteEnd)
        // The mark may have come in part.
        let count = end?.lowerBound ?? max(0, pending.count - KeyReader.pasteEnd.count + 1)
        let room = KeyReader.pasteLimit - (pasted?.count ?? 0)
        pasted? += pending.prefix(min(count, room))
        pending.removeFirst(end?.upperBound ?? count)
        guard end != nil, let bytes = pasted else { return nil }
        pasted = nil
        let text = String(decoding: bytes, as: UTF8.self)
        return .paste(text.replacing("\r\n", with: "\n").replacing("\r", with: "\n"))
    }

    private mutating func take(_ count: Int, _ key: Key) -> Key {
        pending.removeFirst(count)
        return key
    }
}
