/// A repository of Perigee's own, and what can be done with it. A value: it holds nothing open.
@Loop
public struct GitRepository {
    public let git: Git
    public var place: GitPlace

    public init(_ git: Git, _ path: String, workTree: String? = nil, index: String? = nil) {
        self.git = git
        place = GitPlace(path, workTree: workTree, index: index)
    }

    public func call(_ arguments: [String]) -> GitCall { GitCall(arguments, in: place) }

    @discardableResult
    func run(_ arguments: [String], deadline: Duration? = nil) async throws -> GitOutput {
        var call = call(arguments)
        call.deadline = deadline
        return try await git.run(call)
    }

    // MARK: making

    /// What a clone takes with it.
    public struct CloneOptions: Sendable {
        /// Only so many commits of each branch.
        public var depth: Int?
        /// Files are fetched when they are looked at (`blob:none`).
        public var filter: String?
        public var login: GitLogin?
        public var protocols: [String]?

        public init(depth: Int? = nil, filter: String? = nil, login: GitLogin? = nil) {
            self.depth = depth
            self.filter = filter
            self.login = login
        }
    }

    /// A bare copy of another repository, at a path where nothing is yet.
    public static func clone(
        _ git: Git, _ address: String, to path: String, _ options: CloneOptions = CloneOptions(),
        onProgress: (@Loop @Sendable (GitProgress) -> Void)? = nil
    ) async throws -> GitRepository {
        var arguments = ["clone", "--bare", "--progress", "--template=", "--no-local"]
        if let depth = options.depth { arguments += ["--depth=\(depth)", "--no-single-branch"] }
        if let filter = options.filter { arguments.append("--filter=\(filter)") }
        var call = GitCall(arguments + ["--end-of-options", address, path])
        call.usesNetwork = true
        call.login = options.login
        call.protocols = options.protocols
        call.onProgress = onProgress ?? { _ in }
        try await git.run(call)
        return GitRepository(git, path)
    }

    /// An empty bare one.
    public static func create(_ git: Git, at path: String) async throws -> GitRepository {
        try await git.run(GitCall(["init", "--quiet", "--bare", "--template=", "--end-of-options", path]))
        return GitRepository(git, path)
    }

    // MARK: the other side

    /// Takes over what has changed there. Branches that went there go here too.
    public func fetch(
        _ address: String, _ refspecs: [String], depth: Int? = nil, login: GitLogin? = nil, protocols: [String]? = nil,
        onProgress: (@Loop @Sendable (GitProgress) -> Void)? = nil
    ) async throws {
        var arguments = ["fetch", "--prune", "--no-tags", "--no-write-fetch-head", "--progress", "--force"]
        if let depth { arguments.append("--depth=\(depth)") }
        var call = call(arguments + ["--end-of-options", address] + refspecs)
        call.usesNetwork = true
        call.login = login
        call.protocols = protocols
        call.onProgress = onProgress ?? { _ in }
        try await git.run(call)
    }

    /// The branch that the other side calls its default; nil for an empty repository.
    public func defaultBranch(of address: String, login: GitLogin? = nil) async throws -> String? {
        var call = call(["ls-remote", "--symref", "--end-of-options", address, "HEAD"])
        call.usesNetwork = true
        call.login = login
        for line in try await git.run(call).lines where line.hasPrefix("ref: refs/heads/") {
            return String(line.dropFirst(16).prefix { $0 != "\t" })
        }
        return nil
    }

    /// Sends one commit to a branch of the other side. `expecting` is what that branch must be at, so that a forced
    /// push takes away nothing that nobody has seen; without it only a push that adds is taken.
    public func push(
        _ commit: String, to branch: String, at address: String, expecting: String? = nil, login: GitLogin? = nil,
        protocols: [String]? = nil
    ) async throws {
        var arguments = ["push", "--no-verify"]
        if let expecting { arguments.append("--force-with-lease=refs/heads/\(branch):\(expecting)") }
        // Without a plus sign, which would pass over what is expected.
        let refspec = "\(commit):refs/heads/\(branch)"
        var call = call(arguments + ["--end-of-options", address, refspec])
        call.usesNetwork = true
        call.login = login
        call.protocols = protocols
        try await git.run(call)
    }

    /// Takes a branch of the other side away, as long as it is at that commit.
    public func deleteRemote(_ branch: String, at address: String, expecting: String, login: GitLogin? = nil)
        async throws
    {
        var call = call([
            "push", "--no-verify", "--force-with-lease=refs/heads/\(branch):\(expecting)",
            "--end-of-options", address, ":refs/heads/\(branch)",
        ])
        call.usesNetwork = true
        call.login = login
        try await git.run(call)
    }

    // MARK: names

    /// The commit that a name stands for; nil for none.
    public func resolve(_ name: String) async throws -> String? {
        let call = call(["rev-parse", "--verify", "--quiet", "--end-of-options", "\(name)^{commit}"])
        let output = try await git.attempt(call)
        if output.code == 0 { return output.line }
        if output.code == 1 || output.words.contains("unknown revision") { return nil }
        throw GitFaults.fault(call, output)
    }

    /// Those of these ids that the repository has.
    public func existing(_ ids: [String]) async throws -> [String] {
        guard !ids.isEmpty else { return [] }
        var call = call(["cat-file", "--batch-check=%(objectname)"])
        call.input = Array((ids.joined(separator: "\n") + "\n").utf8)
        return try await git.run(call).lines.filter { !$0.hasSuffix(" missing") }
    }

    /// The branch that HEAD names.
    public func head() async throws -> String? {
        let output = try await git.attempt(call(["symbolic-ref", "--quiet", "HEAD"]))
        return output.code == 0 && output.line.hasPrefix("refs/heads/") ? String(output.line.dropFirst(11)) : nil
    }

    public func setHead(_ branch: String) async throws {
        try await run(["symbolic-ref", "HEAD", "refs/heads/\(branch)"])
    }

    /// Sets or, with nil, removes a ref.
    public func set(_ ref: String, to commit: String?) async throws {
        if let commit { try await run(["update-ref", ref, commit]) } else { try await run(["update-ref", "-d", ref]) }
    }

    /// Makes HEAD name a commit itself, and no branch.
    public func detachHead(at commit: String) async throws {
        try await run(["update-ref", "--no-deref", "HEAD", commit])
    }

    /// Commits by the whole names of refs below `prefix`.
    public func refs(_ prefixes: String...) async throws -> [(name: String, commit: String)] {
        let output = try await run(["for-each-ref", "--format=%(objectname) %(refname)"] + prefixes)
        return output.lines.compactMap { line in
            let words = line.split(separator: " ", maxSplits: 1)
            return words.count == 2 ? (String(words[1]), String(words[0])) : nil
        }
    }

    public func branches() async throws -> [String] {
        try await refs("refs/heads/").map { String($0.name.dropFirst(11)) }
    }

    /// Branches, what they are at, and when that was made.
    public func branchDates() async throws -> [(name: String, commit: String, at: Int64)] {
        let format = "--format=%(objectname) %(committerdate:unix) %(refname:lstrip=2)"
        return try await run(["for-each-ref", format, "refs/heads/"]).lines.compactMap { line in
            let words = line.split(separator: " ", maxSplits: 2).map(String.init)
            guard words.count == 3, let at = Int64(words[1]) else { return nil }
            return (words[2], words[0], at)
        }
    }

    /// Branches all of whose commits are in `target`.
    public func merged(into target: String) async throws -> [String] {
        try await run(["for-each-ref", "--merged=\(target)", "--format=%(refname:lstrip=2)", "refs/heads/"]).lines
    }

    /// With `force`, also one whose commits are nowhere else.
    public func deleteBranch(_ name: String, force: Bool = false) async throws {
        try await run(["branch", force ? "-D" : "-d", "--end-of-options", name])
    }
}
