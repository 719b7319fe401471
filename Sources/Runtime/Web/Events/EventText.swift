/// Server-sent events as bytes (WHATWG HTML §9.2).
enum EventText {
    /// One event. A name or id with a line break or NUL would end its line, or make clients forget the id: such a one is
    /// left out, and the data still comes.
    static func event(name: String?, id: String?, data: UnsafeRawBufferPointer) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(data.count + 16 + (name?.utf8.count ?? 0) + (id?.utf8.count ?? 0))
        if let name, isOneLine(name) { appendLine("event: ", name, to: &bytes) }
        if let id, isOneLine(id) { appendLine("id: ", id, to: &bytes) }
        appendLines("data: ", data, to: &bytes)
        bytes.append(10)
        return bytes
    }

    /// Clients throw it away; proxies see that the stream lives.
    static func comment(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        var text = text
        text.withUTF8 { appendLines(": ", UnsafeRawBufferPointer($0), to: &bytes) }
        bytes.append(10)
        return bytes
    }

    static func retry(_ delay: Duration) -> [UInt8] { Array("retry: \(max(0, delay.milliseconds))\n\n".utf8) }

    /// Each line of the text behind the field's name; CR, LF and CR LF all end a line.
    private static func appendLines(_ field: StaticString, _ text: UnsafeRawBufferPointer, to bytes: inout [UInt8]) {
        var start = 0
        var index = 0
        while index < text.count {
            guard text[index] == 10 || text[index] == 13 else {
                index += 1
                continue
            }
            append(field, UnsafeRawBufferPointer(rebasing: text[start..<index]), to: &bytes)
            index += text[index] == 13 && index + 1 < text.count && text[index + 1] == 10 ? 2 : 1
            start = index
        }
        append(field, UnsafeRawBufferPointer(rebasing: text[start...]), to: &bytes)
    }

    private static func append(_ field: StaticString, _ line: UnsafeRawBufferPointer, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: field.utf8Start, count: field.utf8CodeUnitCount))
        bytes.append(contentsOf: line)
        bytes.append(10)
    }

    private static func appendLine(_ field: StaticString, _ text: String, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: field.utf8Start, count: field.utf8CodeUnitCount))
        bytes.append(contentsOf: text.utf8)
        bytes.append(10)
    }

    private static func isOneLine(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 != 10 && $0 != 13 && $0 != 0 }
    }
}
