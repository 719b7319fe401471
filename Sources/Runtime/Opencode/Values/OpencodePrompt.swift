/// What a new session is begun with.
public struct OpencodeNewSession: Sendable, Equatable {
    /// One of our own keeps the server from asking a model for one.
    public var title: String?
    public var parent: String?
    public var agent: String?

    public init(title: String? = nil, parent: String? = nil, agent: String? = nil) {
        self.title = title
        self.parent = parent
        self.agent = agent
    }
}

/// A prompt. What is nil is left to the session's, agent's or server's configuration.
public struct OpencodePrompt: Sendable, Equatable {
    public enum Part: Sendable, Equatable {
        /// A synthetic one is read by the model and not shown as the user's own words.
        case text(String, id: String? = nil, isSynthetic: Bool = false)
        case file(mime: String, url: String, name: String?, id: String? = nil)
    }

    public var parts: [Part]
    public var agent: String?
    /// As provider/model.
    public var model: String?
    public var system: String?
    /// Reasoning effort, as the model's configuration names it.
    public var variant: String?
    /// The JSON schema that the answer must have.
    public var schema: JSONValue?
    /// Names of tools that it may not use.
    public var withoutTools: [String] = []

    public init(
        parts: [Part], agent: String? = nil, model: String? = nil, system: String? = nil, variant: String? = nil,
        schema: JSONValue? = nil
    ) {
        self.parts = parts
        self.agent = agent
        self.model = model
        self.system = system
        self.variant = variant
        self.schema = schema
    }

    /// The user's own words, by which the prompt is recognised where ids are not kept.
    public var text: String {
        parts.map { if case .text(let text, _, false) = $0 { text } else { "" } }.joined()
    }

    public var partIDs: Set<String> {
        Set(
            parts.compactMap {
                switch $0 {
                case .text(_, let id, _), .file(_, _, _, let id): id
                }
            })
    }
}

extension OpencodePrompt {
    /// Ids for the parts of a prompt that are the same whenever they are made for the same subject, so that the prompt is
    /// found again after any crash. They order the parts of one message and nothing else: unlike an own message id, which
    /// must never be later than the server's clock, they may come from our clock.
    public static func partID(_ subject: String, at milliseconds: Int64, index: Int) -> String {
        let ticks = (UInt64(max(0, milliseconds)) &* 4096 &+ UInt64(index)) & 0xffff_ffff_ffff
        let time = String(ticks, radix: 16)
        let letters = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
        let tail = SHA256.hash("\(subject)/\(index)").prefix(14).map { letters[Int($0) % 62] }
        return "prt_" + String(repeating: "0", count: 12 - time.count) + time + String(tail)
    }
}
