/// What differs from the last commit, read from `git status --porcelain=v2 --branch -z`.
public struct GitStatus: Sendable, Equatable {
    public struct Entry: Sendable, Equatable {
        /// In the index and in the files: `M`, `A`, `D`, `R`, `C`, `T`, `U`, or `.` for no change.
        public let staged: Character
        public let changed: Character
        public let path: String
        /// Where a renamed or copied file was.
        public var from: String?
    }

    /// Nil while there is no commit.
    public private(set) var head: String?
    /// Nil where no branch is checked out.
    public private(set) var branch: String?
    public private(set) var upstream: String?
    public private(set) var ahead = 0
    public private(set) var behind = 0
    public private(set) var entries: [Entry] = []
    public private(set) var untracked: [String] = []
    public private(set) var conflicts: [String] = []

    public var stagedCount: Int { entries.count { $0.staged != "." } }
    /// Files that differ, untracked ones included.
    public var changedCount: Int { entries.count { $0.changed != "." } + untracked.count + conflicts.count }
    public var isClean: Bool { entries.isEmpty && untracked.isEmpty && conflicts.isEmpty }
    /// Every path that a commit of everything would touch.
    public var paths: [String] {
        entries.flatMap { [$0.path] + ($0.from.map { [$0] } ?? []) } + untracked + conflicts
    }

    public init() {}

    /// Lines that it does not know are passed over: newer gits may say more.
    public init(_ bytes: [UInt8]) throws {
        var fields = bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }[...]
        while let field = fields.popFirst() {
            switch field.first {
            case "#": header(field)
            case "1": entries.append(try GitStatus.entry(field, fieldsBefore: 8))
            case "2":
                var entry = try GitStatus.entry(field, fieldsBefore: 9)
                guard let from = fields.popFirst() else { throw GitStatus.torn(field) }
                entry.from = from
                entries.append(entry)
            case "u": conflicts.append(try GitStatus.entry(field, fieldsBefore: 10).path)
            case "?": untracked.append(String(field.dropFirst(2)))
            default: break
            }
        }
    }

    private mutating func header(_ field: String) {
        let words = field.split(separator: " ", maxSplits: 2).map(String.init)
        guard words.count == 3 else { return }
        switch words[1] {
        case "branch.oid": head = words[2] == "(initial)" ? nil : words[2]
        case "branch.head": branch = words[2] == "(detached)" ? nil : words[2]
        case "branch.upstream": upstream = words[2]
        case "branch.ab":
            let counts = words[2].split(separator: " ").compactMap { Int($0.dropFirst()) }
            if counts.count == 2 { (ahead, behind) = (counts[0], counts[1]) }
        default: break
        }
    }

    /// The path is what follows so many fields, blanks in it included.
    private static func entry(_ field: String, fieldsBefore: Int) throws -> Entry {
        let words = field.split(separator: " ", maxSplits: fieldsBefore, omittingEmptySubsequences: false)
        guard words.count == fieldsBefore + 1, words[1].count == 2, let staged = words[1].first,
            let changed = words[1].last, !words[fieldsBefore].isEmpty
        else { throw torn(field) }
        return Entry(staged: staged, changed: changed, path: String(words[fieldsBefore]))
    }

    private static func torn(_ field: String) -> Fault {
        Fault(.internal, "git status said \"\(field.prefix(80))\", which is not understood")
    }
}
