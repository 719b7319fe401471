/// What a model is asked, in no provider's own form.
public struct ModelRequest: Sendable {
    public enum Role: String, Sendable { case user, assistant }

    public enum Part: Sendable, Equatable {
        case text(String)
        /// An image at an address, `data:` ones included.
        case image(url: String)
        /// A document in a `data:` address, such as a PDF.
        case document(url: String, name: String)
    }

    public struct Message: Sendable, Equatable {
        public var role: Role
        public var parts: [Part]

        public init(_ role: Role, _ parts: [Part]) {
            self.role = role
            self.parts = parts
        }

        public init(_ role: Role, _ text: String) { self.init(role, [.text(text)]) }

        /// Its text alone.
        var text: String {
            parts.compactMap { if case .text(let text) = $0 { text } else { nil } }.joined(separator: "\n")
        }
    }

    /// Nil asks the provider's own.
    public var model: String?
    public var system: String?
    /// The oldest first; the last one is answered.
    public var messages: [Message]
    public var maxTokens: Int?
    public var temperature: Double?
    public var stop: [String] = []
    /// A JSON schema that the answer must have.
    public var schema: JSONValue?
    /// `minimal`, `low`, `medium`, `high` or whatever the provider knows.
    public var effort: String?

    public init(_ messages: [Message], system: String? = nil) {
        self.messages = messages
        self.system = system
    }
}

/// A `data:` address taken apart.
public struct DataAddress: Sendable, Equatable {
    public let mime: String
    /// In base64, as it stood there.
    public let base64: String

    /// Nil for anything but `data:TYPE/SUBTYPE;base64,…`.
    public init?(_ url: String) {
        guard url.utf8.prefix(5).elementsEqual("data:".utf8), let comma = url.firstIndex(of: ",") else { return nil }
        let words = url[..<comma].dropFirst(5).split(separator: ";")
        guard words.count >= 2, words.last?.lowercased() == "base64", words[0].contains("/") else { return nil }
        mime = words[0].lowercased()
        base64 = String(url[url.index(after: comma)...])
    }

    public var bytes: [UInt8]? { Base64.decode(base64) }
}
