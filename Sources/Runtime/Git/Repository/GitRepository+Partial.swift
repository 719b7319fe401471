// A repository that has files only of the commits that somebody wanted; the other side promised to give the others.
extension GitRepository {
    /// Objects of one commit: those that are there, and those that are not.
    public func objects(of commit: String) async throws -> (here: [String], missing: [String]) {
        var call = call(["rev-list", "--objects", "--no-walk", "--no-object-names", "--missing=print", commit])
        call.limit = 256 << 20
        let lines = try await git.run(call).lines
        return (lines.filter { !$0.hasPrefix("?") }, lines.filter { $0.hasPrefix("?") }.map { String($0.dropFirst()) })
    }

    /// The id of what a commit has at a path, which may not be here; nil for nothing.
    public func entry(_ path: String, of commit: String) async throws -> String? {
        let output = try await git.run(call(["ls-tree", "--object-only", commit, "--", path]))
        return output.line.isEmpty ? nil : output.line
    }

    /// Gets objects from where it was cloned.
    public func bring(_ ids: [String], login: GitLogin?) async throws {
        guard !ids.isEmpty else { return }
        var call = call([
            "fetch", "--no-tags", "--no-write-fetch-head", "--filter=blob:none", "--stdin", "origin",
        ])
        // What is wanted is known by name: there is nothing to find out about commits.
        call.variables = [
            "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "fetch.negotiationAlgorithm", "GIT_CONFIG_VALUE_0": "noop",
        ]
        call.input = Array((ids.joined(separator: "\n") + "\n").utf8)
        call.usesNetwork = true
        call.login = login
        try await git.run(call)
    }

    /// Writes just these objects into one pack below `directory`.
    public func pack(objects ids: [String], into directory: String) async throws {
        guard !ids.isEmpty else { return }
        var call = call(["pack-objects", "--quiet", "--non-empty", "--threads=1", "\(directory)/pack"])
        call.input = Array((ids.joined(separator: "\n") + "\n").utf8)
        call.deadline = .seconds(3600)
        try await git.run(call)
    }
}
