import Runtime

/// What each process of a runner bears in its environment, so that it is found wherever it went. One for each start:
/// what an earlier start left behind is told from what runs now.
struct RunnerMark: Sendable, Hashable {
    static let variable = "PERIGEE_RUNNER"
    /// The number of the first process of its start, in the environment of all.
    static let numberVariable = "PERIGEE_RUNNER_PID"

    let owner: String
    let name: String
    let workspace: String
    let signature: String
    /// Of this start alone.
    let token: String

    init(_ spec: RunnerSpec, owner: String) throws {
        self.init(
            owner: owner, name: spec.name, workspace: spec.workspace, signature: spec.signature,
            token: Hex.encode(Random.bytes(8)))
        for (what, text) in [
            ("owner", owner), ("name", name), ("workspace", workspace), ("signature", signature),
        ] where !RunnerMark.isPlain(text) {
            throw Fault(
                .invalidInput, "the \(what) of a runner, \"\(text)\", may hold letters, digits, `-`, `_` and `.`")
        }
    }

    private init(owner: String, name: String, workspace: String, signature: String, token: String) {
        self.owner = owner
        self.name = name
        self.workspace = workspace
        self.signature = signature
        self.token = token
    }

    /// Nil for what we have not written.
    init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 5, parts.allSatisfy(RunnerMark.isPlain) else { return nil }
        self.init(owner: parts[0], name: parts[1], workspace: parts[2], signature: parts[3], token: parts[4])
    }

    var text: String { [owner, name, workspace, signature, token].joined(separator: ":") }

    static func isPlain(_ text: String) -> Bool {
        !text.isEmpty && text.count <= 128 && !text.hasPrefix(".")
            && text.utf8.allSatisfy { 48...57 ~= $0 || 65...90 ~= $0 || 97...122 ~= $0 || [45, 46, 95].contains($0) }
    }
}

/// A runner's process as its place writes it down: `pid:start:boot:token:name`.
struct RunnerProcess: Sendable, Hashable {
    let identity: ProcessIdentity
    let token: String
    let name: String

    init(_ identity: ProcessIdentity, _ mark: RunnerMark) {
        self.identity = identity
        token = mark.token
        name = mark.name
    }

    init(_ text: String) throws {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 5, let pid = Int32(parts[0]), pid > 1, let start = UInt64(parts[1]),
            parts[2...].allSatisfy(RunnerMark.isPlain)
        else { throw Fault(.invalidInput, "\"\(text)\" is not the identity of a runner's process") }
        identity = ProcessIdentity(pid: pid, startTime: start, bootID: parts[2])
        token = parts[3]
        name = parts[4]
    }

    var text: String { "\(identity.pid):\(identity.startTime):\(identity.bootID):\(token):\(name)" }
}
