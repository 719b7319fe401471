import Runtime

/// Which API an execution came by: both are runs, kept apart by name.
enum TaskKind: String, Sendable, Storable {
    case task, session

    /// The door of its runs.
    var door: String { "\(rawValue)s" }

    static func of(door: String) -> TaskKind? { [.task, .session].first { $0.door == door } }
}

/// One execution that is asked for, whichever body it came in.
struct TaskOrder: Sendable {
    let kind: TaskKind
    /// The client's own id of the task or session.
    var name: String
    var project: String?
    /// Texts of the prompt: the code first, then its context.
    var texts: [String]
    var system: String?
    var persona = "build"
    var model = ModelConfig()
    var seconds: Int?
    var isAttended = false
    var title: String?
    var meta: JSONObject = [:]
    /// Repositories that it works on; the first is where it works.
    var repos: [RepoWish] = []
    /// The id of the request that brought it, by which logs of both sides are put together.
    var request: String?
    /// `Idempotency-Key`, and what it was first used with.
    var idempotencyKey: String?
    var digest = ""

    /// Of the code, and of its context as JSON.
    static let longestCode = 1 << 20
    /// A larger body is not read at all.
    static let largestBody = 4 << 20

    /// The body of `POST /tasks/execute`.
    init(execute bytes: [UInt8], limits: TaskLimits) throws {
        let fields = try Fields(bytes)
        guard let name = try fields.word("task_id") else { throw fields.bad("task_id", "it is missing") }
        kind = .task
        self.name = name
        texts = [try fields.required("code", atMost: TaskOrder.longestCode)]
        if let context = try TaskOrder.context(fields) { texts.append(context) }
        try common(fields, limits, longest: limits.taskSeconds)
        isAttended = try fields.flag("attended") ?? false
        if let model = try fields.text("model", atMost: 200), self.model.model == nil { self.model.model = model }
        digest = Hex.encode(SHA256.hash(bytes))
    }

    /// The body of `POST /sessions`.
    init(session bytes: [UInt8], limits: TaskLimits) throws {
        let fields = try Fields(bytes)
        guard let name = try fields.word("session_id") else { throw fields.bad("session_id", "it is missing") }
        kind = .session
        self.name = name
        let prompt = try fields.required("prompt", atMost: TaskOrder.longestCode)
        guard prompt.unicodeScalars.count <= limits.promptLength else {
            throw fields.bad("prompt", "it is longer than \(limits.promptLength) characters")
        }
        texts = [prompt]
        system = try fields.text("system_prompt", atMost: TaskOrder.longestCode)
        try common(fields, limits, longest: limits.sessionSeconds)
        isAttended = try fields.flag("attended") ?? true
        digest = Hex.encode(SHA256.hash(bytes))
    }

    private mutating func common(_ fields: Fields, _ limits: TaskLimits, longest seconds: Int) throws {
        project = try fields.word("project_id")
        if let persona = try fields.word("persona") { self.persona = persona }
        if let config = try fields.inner("model_config") { model = try ModelConfig(config) }
        self.seconds = try fields.integer("timeout", 1...seconds) ?? seconds
        title = try fields.text("title", atMost: 500)
        if let inner = try fields.inner("meta") { meta = inner.body.value?.object ?? [:] }
        repos = try TaskOrder.repos(fields, limits)
        // What may be run again although it has begun: hooks decide by it.
        if try fields.flag("repeatable") == true { meta["repeatable"] = true }
    }

    private static let mostRepos = 10

    /// `repo` with its `branch`, and all of `repos`.
    private static func repos(_ fields: Fields, _ limits: TaskLimits) throws -> [RepoWish] {
        var texts = try fields.words("repos", atMost: mostRepos) ?? []
        let branch = try fields.text("branch", atMost: 300)
        if let branch {
            do { _ = try BranchName(branch) } catch { throw fields.bad("branch", Fault(error).message) }
        }
        if let repo = try fields.text("repo", atMost: 500) {
            texts.insert(repo + (branch.map { "#\($0)" } ?? ""), at: 0)
        }
        guard !texts.isEmpty else { return [] }
        guard limits.directory == nil else {
            throw fields.bad("repos", "this server works in one directory of its own, and on no repositories")
        }
        return try texts.map { text in
            do {
                return try RepoWish(text, on: limits.gitServer)
            } catch {
                let fault = Fault(error)
                throw fields.bad("repos", fault.message + (fault.hint.map { "; \($0)" } ?? ""))
            }
        }
    }

    /// Any JSON, given to the agent as text under the code.
    private static func context(_ fields: Fields) throws -> String? {
        guard fields.has("context") else { return nil }
        let view = fields["context"]
        let text: String
        if let plain = view.string {
            text = plain
        } else {
            text = "```json\n\(String(decoding: try JSON.encode(view.value ?? .null), as: UTF8.self))\n```"
        }
        guard text.utf8.count <= longestCode else {
            throw BadField(field: "context", reason: "it is longer than \(longestCode) bytes", kind: .tooLarge)
        }
        if view.kind == .object && view.count == 0 || text.isEmpty { return nil }
        return "Context of this task:\n\n\(text)"
    }
}

/// What the settings allow.
struct TaskLimits: Sendable {
    var taskSeconds = 3600
    var sessionSeconds = 3600
    var promptLength = 50_000
    /// Sessions that may be unfinished at once; nil has all wait for their place.
    var sessions: Int?
    /// The one project that is served; nil leaves it to requests.
    var project: String?
    /// Where agents work; nil for each user's own workspace.
    var directory: String?
    /// Where repositories come from.
    var gitServer = "https://github.com"
    /// Pages of these may open streams besides our own.
    var origins: Set<String> = []
}
