/// Where a text stops being JSON, and what would have been right there. Put into words only when it is thrown upward.
struct JSONParseFailure: Error {
    enum Problem {
        /// What should have stood here; what does stand there is added.
        case expected(StaticString)
        case broken(StaticString)
        case tooDeep(Int)
    }

    let offset: Int
    let problem: Problem

    init(at offset: Int, _ problem: Problem) {
        self.offset = offset
        self.problem = problem
    }

    func fault(in text: UnsafeBufferPointer<UInt8>) -> Fault {
        let (line, column) = Self.place(offset, in: text)
        return Fault(.invalidInput, "JSON line \(line) column \(column): \(sentence(in: text))")
    }

    private func sentence(in text: UnsafeBufferPointer<UInt8>) -> String {
        switch problem {
        case .expected(let what): "expected \(what), found \(Self.name(text, offset))"
        case .broken(let what): "\(what)"
        case .tooDeep(let limit): "nested deeper than \(limit) levels"
        }
    }

    /// Columns count characters from 1, as editors show them.
    private static func place(_ offset: Int, in text: UnsafeBufferPointer<UInt8>) -> (line: Int, column: Int) {
        var line = 1
        var column = 1
        for byte in text.prefix(offset) {
            if byte == 0x0a {
                line += 1
                column = 1
            } else if byte & 0xc0 != 0x80 {
                column += 1
            }
        }
        return (line, column)
    }

    private static func name(_ text: UnsafeBufferPointer<UInt8>, _ offset: Int) -> String {
        guard offset < text.count else { return "the end of the text" }
        switch text[offset] {
        case 0x0a: return "the end of the line"
        case 0x21...0x7e: return "'\(Character(Unicode.Scalar(text[offset])))'"
        default: return "byte 0x" + (text[offset] < 16 ? "0" : "") + String(text[offset], radix: 16)
        }
    }
}
