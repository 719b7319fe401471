/// What a `Range` field asks for (RFC 9110 §14.2).
enum ByteRange: Equatable {
    /// No range, one that makes no sense, or several: the whole content answers it. Several parts in one answer are
    /// not made: those who ask for them are hardly anybody, and overlapping ones are a known way to overload servers.
    case whole
    case part(Range<Int>)
    /// Nothing of what is asked for exists: 416.
    case outside

    init(_ field: String?, size: Int) {
        self = ByteRange.read(field, size)
    }

    private static func read(_ field: String?, _ size: Int) -> ByteRange {
        guard let field, field.lowercased().hasPrefix("bytes=") else { return .whole }
        let specifications = field.dropFirst(6).split(separator: ",").map(\.trimmingSpace)
        var parts: [Range<Int>] = []
        for specification in specifications.prefix(2) {
            guard let bounds = bounds(specification) else { return .whole }
            switch bounds {
            case (nil, let last?):
                if last > 0, size > 0 { parts.append(max(0, size - last)..<size) }
            case (let first?, let last):
                if first < size { parts.append(first..<min(size, (last ?? size - 1) + 1)) }
            default: return .whole
            }
        }
        if specifications.isEmpty || specifications.count > 1 { return .whole }
        return parts.first.map { .part($0) } ?? .outside
    }

    /// `5-9`, `5-` or `-5`. Nil when it is none of them.
    private static func bounds(_ text: Substring) -> (first: Int?, last: Int?)? {
        guard let dash = text.firstIndex(of: "-") else { return nil }
        let (before, behind) = (text[..<dash], text[text.index(after: dash)...])
        guard let first = number(before), let last = number(behind) else { return nil }
        guard let from = first, let to = last else { return first == nil && last == nil ? nil : (first, last) }
        return from <= to ? (from, to) : nil
    }

    /// Nil within for nothing; nil outside when there is something that is no number.
    private static func number(_ text: Substring) -> Int?? {
        if text.isEmpty { return .some(nil) }
        // More digits than any file has bytes, and less than overflow.
        guard text.utf8.count <= 18, text.utf8.allSatisfy({ 48...57 ~= $0 }) else { return nil }
        return .some(Int(text))
    }
}
