import Runtime

/// Git as people and agents run it, with a configuration of no machine's.
public enum RealGit {
    static let environment = [
        "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_AUTHOR_NAME": "Tester",
        "GIT_AUTHOR_EMAIL": "tester@example.com", "GIT_COMMITTER_NAME": "Tester",
        "GIT_COMMITTER_EMAIL": "tester@example.com", "GIT_TERMINAL_PROMPT": "0",
    ]

    /// What it printed; a fault with its words when it failed.
    @Loop
    @discardableResult
    public static func run(_ arguments: [String], in directory: String = "/") async throws -> String {
        let result = try await Subprocess.run(
            ["git", "-c", "protocol.file.allow=always", "-c", "safe.directory=*"] + arguments,
            .init(environment: .inherit(["PATH", "HOME"], adding: environment), directory: directory))
        guard result.succeeded else {
            throw Fault(.internal, "git \(arguments.joined(separator: " ")): \(result.errorText)")
        }
        return result.outputText
    }

    /// A bare repository with one commit of these files, as others would have it on a server.
    @Loop
    public static func origin(
        at path: String, branch: String = "main", files: [String: String] = ["README.md": "hello\n"]
    ) async throws {
        let work = TemporaryDirectory()
        try await run(["init", "--quiet", "-b", branch, work.path])
        for (name, text) in files { work.write(text, to: name) }
        try await run(["add", "-A"], in: work.path)
        try await run(["commit", "--quiet", "-m", "first"], in: work.path)
        try await run(["clone", "--quiet", "--bare", work.path, path])
        try await run(["config", "http.receivepack", "true"], in: path)
    }

    /// One more commit on a branch of it.
    @Loop
    @discardableResult
    public static func commit(
        to path: String, branch: String = "main", _ name: String, _ text: String
    ) async throws -> String {
        let work = TemporaryDirectory()
        try await run(["clone", "--quiet", "--branch", branch, path, "\(work.path)/w"])
        work.write(text, to: "w/\(name)")
        try await run(["add", "-A"], in: "\(work.path)/w")
        try await run(["commit", "--quiet", "-m", "more of \(name)"], in: "\(work.path)/w")
        try await run(["push", "--quiet", "origin", branch], in: "\(work.path)/w")
        return try await line(["rev-parse", "HEAD"], in: "\(work.path)/w")
    }

    @Loop
    public static func line(_ arguments: [String], in directory: String) async throws -> String {
        String(try await run(arguments, in: directory).prefix { $0 != "\n" })
    }
}
