import Runtime

/// `owner/name` as a server of repositories knows it. What passes here is harmless as part of a path, of an argument and
/// of an address: plain letters of ASCII, digits, `.`, `_` and `-`, and never an option or a way upwards.
struct RepoName: Sendable, Hashable, CustomStringConvertible {
    let owner: String
    let name: String

    init(owner: String, name: String) throws {
        let plain = name.hasSuffix(".git") ? String(name.dropLast(4)) : name
        guard RepoName.isPart(owner, most: 64), RepoName.isPart(plain, most: 100) else {
            throw Fault(
                .invalidInput, "\"\(RepoName.shown(owner))/\(RepoName.shown(name))\" is no name of a repository",
                hint: "it is owner/name, in letters, digits, and . _ - inside of a word")
        }
        self.owner = owner
        self.name = plain
    }

    init(_ text: String) throws {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else {
            throw Fault(
                .invalidInput, "\"\(RepoName.shown(text))\" is no name of a repository", hint: "it is owner/name")
        }
        try self.init(owner: parts[0], name: parts[1])
    }

    /// Also as an address of that server, in git's ways: `https://…/owner/name.git`, `git@…:owner/name`.
    init(_ text: String, on server: String) throws {
        let host = server.drop { $0 != "/" }.drop { $0 == "/" }.prefix { $0 != "/" && $0 != ":" }
        for start in ["\(server)/", "ssh://git@\(host)/", "git@\(host):"] where text.hasPrefix(start) {
            var path = text.dropFirst(start.count)
            while path.hasSuffix("/") { path.removeLast() }
            try self.init(String(path))
            return
        }
        guard !text.contains(":") else {
            throw Fault(
                .invalidInput, "\"\(RepoName.shown(text))\" is no repository of \(server)",
                hint: "GITHUB_SERVER_URL says which server repositories come from")
        }
        try self.init(text)
    }

    var description: String { "\(owner)/\(name)" }
    /// The same repository however it is written: servers do not tell capitals apart.
    var id: String { description.lowercased() }
    /// What its directory is called, unless another's is already: `a__b` and `c`, or `a` and `b__c`?
    var folder: String { "\(owner)__\(name)" }
    var otherFolder: String { "\(folder)-\(Hex.encode(SHA256.hash(id).prefix(4)))" }

    private static func isPart(_ text: String, most: Int) -> Bool {
        guard let first = text.utf8.first, first != 45, first != 46, text.utf8.count <= most,
            text.utf8.last != 46, !text.contains(".."), !text.lowercased().hasSuffix(".lock")
        else { return false }
        return text.utf8.allSatisfy(isPlain)
    }

    fileprivate static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122, 45, 46, 95: true
        default: false
        }
    }

    fileprivate static func shown(_ text: String) -> String {
        String(text.prefix(80).filter { $0.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 } })
    }
}

/// What a worktree is called: a client's id of a session, or one that is made from a chat.
struct WorktreeID: Sendable, Hashable, CustomStringConvertible {
    let text: String

    /// Harmless in a path, an argument and a branch's name.
    init(_ text: String) throws {
        let isGood =
            1...128 ~= text.utf8.count && text.utf8.allSatisfy(RepoName.isPlain) && text.utf8.first != 45
            && text.utf8.first != 46 && text.utf8.last != 46 && !text.contains("..")
            && !text.lowercased().hasSuffix(".lock")
        guard isGood else {
            throw Fault(
                .invalidInput, "\"\(RepoName.shown(text))\" is no id of a worktree",
                hint: "it has 1 to 128 letters, digits, and . _ - but not at its ends")
        }
        self.text = text
    }

    /// The same for every turn of a chat on that repository, and another for every user.
    init(chat: String, of user: String, on repo: RepoName) {
        text = "chat-" + Hex.encode(SHA256.hash("\(user)\0\(chat)\0\(repo.id)").prefix(10))
    }

    var description: String { text }
    var branch: String { "perigee/\(text)" }
}

/// The name of a branch, as git takes one. Only checked; it stays what it is.
struct BranchName: Sendable, Hashable, CustomStringConvertible {
    let text: String

    init(_ text: String) throws {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let isGood =
            1...200 ~= text.utf8.count
            && parts.allSatisfy { part in
                !part.isEmpty && !part.hasPrefix(".") && !part.hasSuffix(".lock") && !part.hasSuffix(".")
            } && !text.contains("..") && !text.contains("@{") && text != "@" && !text.hasPrefix("-") && text != "HEAD"
            && text.utf8.allSatisfy { $0 > 32 && $0 < 127 && !Array("~^:?*[\\".utf8).contains($0) }
        guard isGood else {
            throw Fault(.invalidInput, "\"\(RepoName.shown(text))\" is no name of a branch")
        }
        self.text = text
    }

    var description: String { text }
}
