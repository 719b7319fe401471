import Runtime

/// A turn of a chat as Perigee remembers it: the client's ids, a digest for clients without ids, and where the engine has
/// it.
struct ChatNode: Sendable, Equatable {
    /// Grows with every turn of the store.
    var number: Int64
    let run: String
    /// Who answered: sessions are kept apart by it.
    var voice: String
    /// The client's ids of the answer, of the user's message, and of the answer before it.
    var message: String?
    var userMessage: String?
    var parent: String?
    /// Digest of the user's messages up to this turn's.
    var path: String
    /// Digest of the answer as the client got it; nil until it had all of it.
    var answer: String?
    /// Nil while the turn has not reached a session.
    var session: String?
    /// The engine's id of the user's message.
    var engineMessage: String?
    /// Digest of what the client put before the user's message, such as what it found in documents.
    var context: String?
    /// The client's id of the answer in which it went on, when the user replied in words to what it asked.
    var laterMessage: String?
}

extension ChatNode {
    /// Of a turn that has not reached a session.
    init(_ run: RunRecord, _ lineage: Lineage, path: String) {
        self.init(
            number: 0, run: run.id, voice: lineage.voice, message: lineage.message, userMessage: lineage.userMessage,
            parent: lineage.parent, path: path, context: run.order.input.context.map(HistoryDigest.context))
    }
}

/// Digests that tell conversations apart where the client gives no ids. The user's messages make the path: clients cut
/// and decorate answers before they send them back, but not what the user wrote.
enum HistoryDigest {
    /// Of the user's messages, oldest first; empty for none.
    static func path(_ messages: some Sequence<String>) -> String {
        messages.reduce("") { path, text in self.path(text, after: path) }
    }

    static func path(_ text: String, after path: String) -> String { digest("\(path)\n\(trimmed(text))") }

    static func context(_ text: String) -> String { digest(text) }

    static func answer(_ text: String) -> String { digest(String(trimmed(text))) }

    private static func digest(_ text: String) -> String { String(Hex.encode(SHA256.hash(text)).prefix(32)) }

    private static func trimmed(_ text: String) -> Substring {
        guard let first = text.firstIndex(where: { !$0.isWhitespace }),
            let last = text.lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return text[first...last]
    }
}
