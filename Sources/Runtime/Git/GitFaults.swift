/// What git says when it fails, as faults. Its own words stay; what could be a password does not.
enum GitFaults {
    static func fault(_ call: GitCall, _ output: GitOutput) -> Fault {
        let words = told(output.words)
        let small = output.words.lowercased()
        for rule in rules where rule.marks.contains(where: small.contains) {
            return Fault(
                rule.kind, "git \(call.verb): \(words)", hint: rule.hint, isRetryable: rule.kind == .unavailable)
        }
        let why = words.isEmpty ? "it ended with code \(output.code)" : words
        return Fault(.internal, "git \(call.verb): \(why)")
    }

    private struct Rule {
        let kind: Fault.Kind
        let marks: [String]
        let hint: String?
    }

    /// The first that fits. Git has no codes for these; its messages are stable in the C locale.
    private static let rules = [
        Rule(
            kind: .denied, marks: ["transport '"],
            hint: "PERIGEE_GIT_PROTOCOLS says how repositories may be reached"),
        Rule(
            kind: .unauthenticated,
            marks: [
                "authentication failed", "could not read username", "could not read password", "invalid credentials",
                "permission denied (publickey", "terminal prompts disabled", "requested url returned error: 401",
            ], hint: "set GITHUB_TOKEN, or give the user a token that may read the repository"),
        Rule(
            kind: .denied,
            marks: ["requested url returned error: 403", "permission to ", "protected branch", "remote: error: gh006"],
            hint: "the token may not do this"),
        Rule(
            kind: .notFound,
            marks: [
                "repository not found", "' not found", "does not appear to be a git repository", "does not exist",
                "requested url returned error: 404", "not found in upstream", "couldn't find remote ref",
                "unknown revision", "bad revision", "not a valid object name", "not a git repository",
                "needed a single revision", "invalid reference",
            ], hint: nil),
        Rule(
            kind: .conflict,
            marks: [
                "[rejected]", "non-fast-forward", "fetch first", "already exists", "stale info", ".lock': file exists",
                "is already checked out", "cannot lock ref", "contains modified or untracked files", "not fully merged",
                "is a locked working tree", "cannot remove a locked",
            ], hint: "look at it again, then try once more"),
        Rule(
            kind: .overBudget, marks: ["no space left on device", "disk quota exceeded"],
            hint: "make room on the disk"),
        Rule(
            kind: .unavailable,
            marks: [
                "could not resolve host", "connection refused", "connection timed out", "failed to connect",
                "operation timed out", "the remote end hung up", "early eof", "connection reset",
                "requested url returned error: 429", "requested url returned error: 5", "operation too slow",
            ], hint: "the other side does not answer well; try again"),
        Rule(
            kind: .internal,
            marks: ["object file", "corrupt", "bad object", "missing blob", "missing tree", "unable to read tree"],
            hint: "the repository is damaged; checking it repairs what can be fetched again"),
    ]

    /// The lines that say why: those that git marks, else the last ones.
    private static func told(_ words: String) -> String {
        let lines = words.split { $0 == "\n" || $0 == "\r" }.map(String.init)
        let marked = lines.filter { line in ["fatal:", "error:", "remote:", " !"].contains(where: line.hasPrefix) }
        let shown = (marked.isEmpty ? lines.suffix(3)[...] : marked.prefix(6)[...]).joined(separator: "; ")
        return String(shown.prefix(1000))
    }

    /// Without what stands before an `@` in an address, and without what looks like a token.
    static func clean(_ words: String) -> String { redactor.clean(words) }

    private static let redactor = Redactor()
}
