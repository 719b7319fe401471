/// Gathers the lines of an answer's head, as curl hands them over one by one. Interim answers (1xx) are passed over, and
/// what comes after the body (trailers) is no part of it.
struct HeadReader {
    enum Step: Equatable { case more, complete, tooLarge, malformed }

    private let limit: Int
    private var size = 0
    private var isComplete = false
    private(set) var status = 0
    private(set) var headers = Headers()

    init(limit: Int) { self.limit = limit }

    mutating func take(_ line: UnsafeRawBufferPointer) -> Step {
        guard !isComplete else { return .more }
        size += line.count
        guard size <= limit else { return .tooLarge }
        var end = line.count
        while end > 0, line[end - 1] == 10 || line[end - 1] == 13 { end -= 1 }
        let text = UnsafeRawBufferPointer(rebasing: line[..<end])
        if text.isEmpty {
            guard status != 0 else { return .malformed }
            if 100..<200 ~= status && status != 101 { return .more }
            isComplete = true
            return .complete
        }
        return begins(text) ? start(text) : field(text)
    }

    private func begins(_ text: UnsafeRawBufferPointer) -> Bool { text.starts(with: "HTTP/".utf8) }

    /// `HTTP/1.1 200 OK`: the code is the second word.
    private mutating func start(_ text: UnsafeRawBufferPointer) -> Step {
        guard let blank = text.firstIndex(of: 32), text.count >= blank + 4 else { return .malformed }
        let digits = text[(blank + 1)...(blank + 3)]
        guard digits.allSatisfy({ 48...57 ~= $0 }) else { return .malformed }
        status = digits.reduce(0) { $0 * 10 + Int($1 - 48) }
        headers = Headers()
        return 100...999 ~= status ? .more : .malformed
    }

    private mutating func field(_ text: UnsafeRawBufferPointer) -> Step {
        guard let colon = text.firstIndex(of: 58), colon > 0, text[..<colon].allSatisfy(\.isTokenByte) else {
            return .malformed
        }
        var (start, end) = (colon + 1, text.count)
        while start < end, text[start] == 32 || text[start] == 9 { start += 1 }
        while end > start, text[end - 1] == 32 || text[end - 1] == 9 { end -= 1 }
        guard !text[start..<end].contains(0) else { return .malformed }
        headers.add(
            String(decoding: text[..<colon], as: UTF8.self), String(decoding: text[start..<end], as: UTF8.self))
        return .more
    }
}
