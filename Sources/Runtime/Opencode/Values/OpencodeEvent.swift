/// One event of a server, in words that both majors share.
public struct OpencodeEvent: Sendable, Equatable {
    /// What is large and rare stands aside, so that a piece of text, which comes all the time, is small.
    public enum Body: Sendable, Equatable {
        case connected, heartbeat
        /// All that runs in a directory has been ended; nil means in every one.
        case disposed(directory: String?)
        indirect case session(OpencodeSession)
        case sessionRemoved(String)
        case status(session: String, OpencodeStatus)
        /// Without its parts.
        indirect case message(OpencodeMessage)
        case messageRemoved(session: String, message: String)
        indirect case part(OpencodePart)
        case delta(session: String, message: String, part: String, field: String, text: String)
        case partRemoved(session: String, message: String, part: String)
        indirect case failed(session: String, OpencodeError)
        indirect case asked(OpencodeAsk)
        case answered(session: String, ask: String, OpencodeVerdict, answers: [[String]])
        case todo(session: String, [OpencodeTodo])
        case compacted(session: String)
    }

    /// The server's id for it; older servers give none.
    public var id: String?
    public var body: Body

    public init(id: String? = nil, _ body: Body) {
        self.id = id
        self.body = body
    }

    /// The session that it is about.
    public var session: String? {
        switch body {
        case .connected, .heartbeat, .disposed: nil
        case .session(let session): session.id
        case .sessionRemoved(let id): id
        case .message(let message): message.session
        case .part(let part): part.session
        case .asked(let ask): ask.session
        case .status(let id, _), .messageRemoved(let id, _), .delta(let id, _, _, _, _), .partRemoved(let id, _, _),
            .failed(let id, _), .answered(let id, _, _, _), .todo(let id, _), .compacted(let id):
            id
        }
    }
}
