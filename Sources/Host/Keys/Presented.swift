import Runtime

/// What a request shows to be let in.
enum Presented: Sendable, Equatable {
    case nothing
    /// A key of ours, and a good one.
    case key(APIKey)
    /// A bearer token that is none of ours, where nobody needs a key: it stands for a user of its own.
    case token(user: String)

    /// The text that was sent: `Authorization: Bearer …`, else `X-Api-Key`. Other schemes are for a proxy before us.
    static func text(_ headers: Headers) -> String? {
        for value in headers.all("authorization") {
            guard let space = value.firstIndex(where: { $0 == " " || $0 == "\t" }) else { continue }
            guard value[..<space].lowercased() == "bearer" else { continue }
            let token = trimmed(value[space...])
            if !token.isEmpty { return token }
        }
        let key = headers["x-api-key"].map { trimmed($0[...]) } ?? ""
        return key.isEmpty ? nil : key
    }

    private static func trimmed(_ text: Substring) -> String {
        let start = text.drop { $0 == " " || $0 == "\t" }
        guard let end = start.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return "" }
        return String(start[...end])
    }

    /// As the hook sees it.
    var key: Caller.Key? {
        switch self {
        case .nothing: nil
        case .key(let key): Caller.Key(key)
        case .token(let user): Caller.Key(id: "token", name: "", user: user, scopes: [.chat])
        }
    }
}
