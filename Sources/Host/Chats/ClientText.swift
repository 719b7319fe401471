import Runtime

/// A user's message as a client with documents sends it, taken apart: what the user wrote, and what the client put before
/// it. Open WebUI repeats its rules and what it found in documents with every turn of a chat that has any.
struct ClientText: Sendable, Equatable {
    /// What the user wrote.
    let words: String
    /// What the client looked up for it, with its rules of how to use that.
    var context: String?
    /// Names of what the user attached.
    var files: [String] = []

    private static let template = "### Task:\nRespond to the user query using the provided context"
    private static let contextEnd = "</context>"
    private static let filesBegin = "<attached_files>"
    private static let filesEnd = "</attached_files>"

    init(_ text: String) {
        var rest = text[...]
        if rest.hasPrefix(ClientText.template), let end = rest.ranges(of: ClientText.contextEnd).last {
            context = String(rest[..<end.upperBound])
            rest = ClientText.trimmed(rest[end.upperBound...])
        }
        if rest.hasPrefix(ClientText.filesBegin), let end = rest.firstRange(of: ClientText.filesEnd) {
            files = ClientText.names(rest[..<end.lowerBound])
            rest = ClientText.trimmed(rest[end.upperBound...])
        }
        words = String(rest)
    }

    private static func names(_ block: Substring) -> [String] {
        block.split(separator: "\n").compactMap { line in
            guard let begin = line.firstRange(of: " name=\"") else { return nil }
            return line[begin.upperBound...].firstIndex(of: "\"").map { String(line[begin.upperBound..<$0]) }
        }
    }

    private static func trimmed(_ text: Substring) -> Substring { text.drop(while: \.isWhitespace) }
}
