/// A range in a buffer, half the size of Swift's own.
struct HeadSlice: Sendable, Equatable {
    var start: UInt32 = 0
    var count: UInt32 = 0

    init() {}

    init(_ start: Int, _ end: Int) {
        self.start = UInt32(start)
        count = UInt32(end - start)
    }

    var end: Int { Int(start + count) }
    var range: Range<Int> { Int(start)..<end }
    var isEmpty: Bool { count == 0 }
}

/// The target of a request line, taken apart; its bytes stay in the head.
struct RequestTarget: Sendable {
    enum Form: Sendable { case origin, absolute, asterisk, authority }

    var form = Form.origin
    var whole = HeadSlice()
    /// Starts with a slash, but for `*`.
    var path = HeadSlice()
    /// Without the question mark.
    var query = HeadSlice()
    /// Of an absolute target.
    private(set) var authority = HeadSlice()
    /// No percent sequence in the path: its bytes are its text.
    private(set) var isPlain = true

    init() {}

    /// Nil when the target is none, or its path could be read in two ways: a broken percent sequence, a dot segment, a
    /// control byte, or text that is not UTF-8.
    init?(_ bytes: UnsafeBufferPointer<UInt8>, _ whole: HeadSlice, isConnect: Bool) {
        self.whole = whole
        guard !whole.isEmpty else { return nil }
        for index in whole.range where bytes[index] < 33 || bytes[index] > 126 || bytes[index] == 35 { return nil }
        var start = Int(whole.start)
        if isConnect {
            form = .authority
            authority = whole
            return
        }
        if bytes[start] != 47 {
            if whole.count == 1 && bytes[start] == 42 {
                form = .asterisk
                path = whole
                return
            }
            guard let end = RequestTarget.authorityEnd(bytes, whole) else { return nil }
            form = .absolute
            authority = HeadSlice(start + 7, end)
            start = end
        }
        var end = start
        while end < whole.end && bytes[end] != 63 { end += 1 }
        path = HeadSlice(start, end)
        if end < whole.end { query = HeadSlice(end + 1, whole.end) }
        guard checkPath(bytes) else { return nil }
    }

    /// Where the authority of `http://authority/…` ends; nil for other schemes, user names, or without a path.
    private static func authorityEnd(_ bytes: UnsafeBufferPointer<UInt8>, _ whole: HeadSlice) -> Int? {
        let scheme: StaticString = "http://"
        guard whole.count > 7 else { return nil }
        for index in 0..<7 where bytes[Int(whole.start) + index].asciiLowercase != scheme.utf8Start[index] {
            return nil
        }
        var end = Int(whole.start) + 7
        while end < whole.end && bytes[end] != 47 && bytes[end] != 63 { end += 1 }
        guard end < whole.end, bytes[end] == 47 else { return nil }
        let authority = UnsafeBufferPointer(rebasing: bytes[(Int(whole.start) + 7)..<end])
        return Authority.isValid(authority) && !authority.isEmpty ? end : nil
    }

    private mutating func checkPath(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        var index = Int(path.start)
        let end = path.end
        var segmentStart = index
        while true {
            let byte = index < end ? bytes[index] : 47
            if byte == 47 {
                guard checkSegment(bytes, segmentStart, index) else { return false }
                if index >= end { return true }
                segmentStart = index + 1
            } else if byte == 37 {
                isPlain = false
            }
            index += 1
        }
    }

    private func checkSegment(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int) -> Bool {
        let count = end - start
        if isPlain {
            return !(count == 1 && bytes[start] == 46 || count == 2 && bytes[start] == 46 && bytes[start + 1] == 46)
        }
        guard let decoded = PercentCoding.strict(UnsafeBufferPointer(rebasing: bytes[start..<end])) else {
            return false
        }
        if decoded == [46] || decoded == [46, 46] { return false }
        return decoded.allSatisfy { $0 >= 32 && $0 != 127 } && String(validating: decoded, as: UTF8.self) != nil
    }

    // MARK: text

    func text(_ span: HeadSlice, _ bytes: [UInt8]) -> String { String(decoding: bytes[span.range], as: UTF8.self) }

    /// A span of the path, decoded; `%2F` stays, so that it is never taken for a separator.
    func decoded(_ span: HeadSlice, _ bytes: [UInt8]) -> String {
        isPlain ? text(span, bytes) : PercentCoding.path(bytes[span.range])
    }

    func decodedPath(_ bytes: [UInt8]) -> String { decoded(path, bytes) }

    /// What the client calls this server: an absolute target's word goes before the Host field.
    func authority(_ headers: Headers) -> String? {
        authority.isEmpty ? headers["host"] : text(authority, headers.bytes)
    }
}

/// The rule for `Host` and for an absolute target's authority: name or address, and perhaps a port. No user names.
enum Authority {
    static func isValid(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        var index = 0
        if bytes.first == 91 {
            guard let close = bytes.firstIndex(of: 93), close > 2 else { return false }
            let address = bytes[1..<close]
            guard address.allSatisfy({ $0.hexValue != nil || $0 == 58 || $0 == 46 }) else { return false }
            index = close + 1
        } else {
            while index < bytes.count, bytes[index] != 58 {
                guard isNameByte(bytes[index]) else { return false }
                index += 1
            }
        }
        if index == bytes.count { return true }
        guard bytes[index] == 58, bytes.count - index <= 6 else { return false }
        return index > 0 && bytes[(index + 1)...].allSatisfy { 48...57 ~= $0 }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122, 45, 46, 95, 126, 37, 33, 36, 38...42, 43, 59, 61: byte != 42
        default: false
        }
    }
}
