/// One commit of a log.
public struct GitCommit: Sendable, Equatable {
    public let id: String
    public let parents: [String]
    public let author: String
    public let email: String
    /// Seconds since the epoch.
    public let at: Int64
    public let subject: String

    static let format = "--format=%H%x1f%P%x1f%an%x1f%ae%x1f%at%x1f%s"

    /// The records of a log with `-z` and the format above; what is torn is left out.
    static func list(_ bytes: [UInt8]) -> [GitCommit] {
        bytes.split(separator: 0).compactMap { record in
            let parts = record.split(separator: 0x1f, maxSplits: 5, omittingEmptySubsequences: false).map {
                String(decoding: $0, as: UTF8.self)
            }
            guard parts.count == 6, let at = Int64(parts[4]) else { return nil }
            return GitCommit(
                id: parts[0], parents: parts[1].split(separator: " ").map(String.init), author: parts[2],
                email: parts[3], at: at, subject: parts[5])
        }
    }
}

/// Who makes a commit.
public struct GitAuthor: Sendable, Equatable {
    public var name: String
    public var email: String

    public init(name: String, email: String) {
        self.name = GitAuthor.plain(name)
        self.email = GitAuthor.plain(email)
    }

    /// Git takes these apart at angle brackets and line ends.
    private static func plain(_ text: String) -> String {
        let kept = text.unicodeScalars.filter { $0.value >= 32 && $0 != "<" && $0 != ">" && $0.value != 127 }
        return String(String.UnicodeScalarView(kept)).prefix(200).description
    }

    var variables: [String: String] {
        [
            "GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": email, "GIT_COMMITTER_NAME": name,
            "GIT_COMMITTER_EMAIL": email,
        ]
    }
}
