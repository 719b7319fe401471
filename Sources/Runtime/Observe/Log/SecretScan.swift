/// One pass over a text that copies it without its secrets.
///
/// It looks at the whole text, not at a shortened one, so that a secret across the cut never shows its first half.
struct SecretScan {
    let text: UnsafeRawBufferPointer
    let table: SecretTable
    let limit: Int

    func run() -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(min(text.count, limit) + 16)
        var place = 0
        while place < text.count && output.count < limit {
            if let length = table.match(text, at: place) {
                output.append(contentsOf: SecretScan.mark)
                place += length
            } else if let hidden = hiddenRange(at: place) {
                output.append(contentsOf: text[place..<hidden.lowerBound])
                output.append(contentsOf: SecretScan.mark)
                place = hidden.upperBound
            } else {
                output.append(text[place])
                place += 1
            }
        }
        if place < text.count { shorten(&output, left: text.count - place) }
        return output
    }

    /// A copy without registered values of some length; nil when there are none.
    static func withoutValues(_ text: UnsafeRawBufferPointer, _ table: SecretTable, atLeast shortest: Int) -> [UInt8]? {
        var output: [UInt8] = []
        var (copied, place) = (0, 0)
        while place < text.count {
            guard let length = table.match(text, at: place), length >= shortest else {
                place += 1
                continue
            }
            output.append(contentsOf: text[copied..<place])
            output.append(contentsOf: mark)
            place += length
            copied = place
        }
        guard copied > 0 else { return nil }
        output.append(contentsOf: text[copied...])
        return output
    }

    private static let mark = Array(Redactor.mark.utf8)

    /// Drops the bytes of a character that is not whole.
    private func shorten(_ output: inout [UInt8], left: Int) {
        let full = output.count
        while let last = output.last, last & 0xc0 == 0x80 { output.removeLast() }
        if let last = output.last, last >= 0xc0 { output.removeLast() }
        let missing = left + full - output.count
        output.append(contentsOf: "… (\(missing) bytes more)".utf8)
    }

    /// What to hide of something that begins here: a credential with its scheme or name, or the password of an address.
    private func hiddenRange(at place: Int) -> Range<Int>? {
        if text[place] == 0x3a { return addressPassword(at: place) }
        guard isLetter(text[place]), place == 0 || !isWord(text[place - 1]) else { return nil }
        var end = place
        while end < text.count, end - place <= 64, isWord(text[end]) || text[end] == 0x2d { end += 1 }
        let word = text[place..<end]
        if let key = wellKnownKey(word) { return key }
        if isScheme(word) { return schemeCredential(from: end) }
        guard SensitiveName.matches(word) else { return nil }
        return namedValue(from: end, toEndOfLine: isHeader(word))
    }

    /// How keys of well-known services begin: such a one is hidden also when nobody has registered it, because it is
    /// somebody's, such as one of an agent that is not ours. Ours are registered, and one of them is meant to be read.
    private static let heads: [StaticString] = [
        "sk-", "sk_", "rk_", "gsk_", "xai-", "hf_", "ghp_", "gho_", "ghs_", "github_pat_", "glpat-", "xox", "AKIA",
        "AIza",
    ]

    private func wellKnownKey(_ word: Slice<UnsafeRawBufferPointer>) -> Range<Int>? {
        guard word.count >= 20 else { return nil }
        let begins = { (head: StaticString) in head.withUTF8Buffer { word.starts(with: $0) } }
        guard SecretScan.heads.contains(where: begins), word.contains(where: { 48...57 ~= $0 }) else { return nil }
        return value(from: word.startIndex) { isWord($0) || $0 == 0x2d }
    }

    private func isScheme(_ word: Slice<UnsafeRawBufferPointer>) -> Bool {
        same(word, "bearer") || same(word, "basic")
    }

    private func isHeader(_ word: Slice<UnsafeRawBufferPointer>) -> Bool {
        same(word, "authorization") || same(word, "proxy-authorization") || same(word, "cookie")
            || same(word, "set-cookie")
    }

    private func same(_ word: Slice<UnsafeRawBufferPointer>, _ other: StaticString) -> Bool {
        word.count == other.utf8CodeUnitCount
            && other.withUTF8Buffer { name in zip(word, name).allSatisfy { $0 | 0x20 == $1 | 0x20 } }
    }

    private func schemeCredential(from end: Int) -> Range<Int>? {
        guard end < text.count, text[end] == 0x20 else { return nil }
        let range = value(from: end + 1) { $0 > 0x20 && $0 != 0x22 && $0 != 0x27 && $0 != 0x2c }
        return looksSecret(range) ? range : nil
    }

    /// `name=value`, `name: value`, `"name":"value"`. In prose ("token: expired") only what looks like a secret is hidden.
    private func namedValue(from end: Int, toEndOfLine: Bool) -> Range<Int>? {
        var place = end
        if place < text.count, isQuote(text[place]) { place += 1 }
        guard place < text.count, text[place] == 0x3d || text[place] == 0x3a else { return nil }
        place += 1
        let afterMark = place
        while place < text.count, text[place] == 0x20, place - afterMark < 2 { place += 1 }
        let isProse = place > afterMark && text[afterMark - 1] == 0x3a && !toEndOfLine
        var quote: UInt8?
        if place < text.count, isQuote(text[place]) {
            quote = text[place]
            place += 1
        }
        let range = value(from: place) { byte in
            if let quote { return byte != quote && byte != 0x0a }
            if toEndOfLine { return byte != 0x0a && byte != 0x0d && byte != 0x22 }
            return byte > 0x20 && byte != 0x26 && byte != 0x2c && byte != 0x3b && byte != 0x7d && !isQuote(byte)
        }
        return range.isEmpty || (isProse && quote == nil && !looksSecret(range)) ? nil : range
    }

    /// `://user:password@` and `://token@`.
    private func addressPassword(at place: Int) -> Range<Int>? {
        guard place + 3 < text.count, text[place + 1] == 0x2f, text[place + 2] == 0x2f else { return nil }
        let range = value(from: place + 3) { $0 > 0x20 && $0 != 0x40 && $0 != 0x2f && $0 != 0x22 && $0 != 0x3f }
        return !range.isEmpty && range.upperBound < text.count && text[range.upperBound] == 0x40 ? range : nil
    }

    private func value(from start: Int, while isPart: (UInt8) -> Bool) -> Range<Int> {
        var end = start
        while end < text.count, isPart(text[end]) { end += 1 }
        return start..<max(start, end)
    }

    private func looksSecret(_ range: Range<Int>) -> Bool {
        range.count >= 20 || (range.count >= 6 && text[range].contains { 48...57 ~= $0 })
    }

    private func isQuote(_ byte: UInt8) -> Bool { byte == 0x22 || byte == 0x27 }
    private func isLetter(_ byte: UInt8) -> Bool { 97...122 ~= byte | 0x20 }
    private func isWord(_ byte: UInt8) -> Bool { isLetter(byte) || 48...57 ~= byte || byte == 0x5f }
}
