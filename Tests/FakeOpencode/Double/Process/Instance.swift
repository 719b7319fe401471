import Runtime

/// A permission or question that waits for somebody.
@Loop
final class PendingAsk {
    enum Answer {
        case once
        case always
        case reject(String?)
        case answers(JSONValue)
        case dismissed
    }

    let request: JSONObject
    let waiter = Waiter<Answer>("an answer to an ask")

    init(_ request: JSONObject) { self.request = request }

    var id: String { request.text("id") ?? "" }
    var session: String { request.text("sessionID") ?? "" }
    var patterns: [String] { (request["patterns"]?.elements ?? []).compactMap(\.string) }
}

/// What the server holds in memory for one directory.
@Loop
final class Instance {
    let directory: String
    let worktree: String
    let project: String
    /// As it was read at the first touch.
    let config: JSONObject
    var permissions: [PendingAsk] = []
    var questions: [PendingAsk] = []
    /// What was allowed always, for the directory as a whole.
    var grants: [PermissionRule] = []
    var servers = JSONObject()
    /// The first turn has made its noise.
    var isWarm = false

    init(_ directory: String, config: JSONObject) {
        self.directory = directory
        self.config = config
        let worktree = Files.worktree(of: directory)
        self.worktree = worktree ?? "/"
        project = worktree.map { Instance.project(of: $0) } ?? "global"
    }

    var isRepository: Bool { project != "global" }

    /// The original takes the hash of the first commit; the double, of the path.
    static func project(of worktree: String) -> String { String(Hex.encode(SHA256.hash(worktree)).prefix(40)) }

    /// The project's files, and those of its `.opencode`, between what the double was given; throws the answer to every request when it is broken.
    static func readConfig(_ directory: String, _ settings: FakeSettings) throws(Refusal) -> JSONObject {
        var config = settings.config.members ?? JSONObject()
        let own = [".opencode/opencode.jsonc", ".opencode/opencode.json"]
        for name in ["opencode.json", "opencode.jsonc"] + own {
            let path = "\(directory)/\(name)"
            guard let text = Files.read(path) else { continue }
            guard let own = JSONValue(json: text)?.members else {
                let message = "\n--- JSONC Input ---\n\(String(decoding: text, as: UTF8.self))\n--- End ---"
                throw Refusal(400, "ConfigJsonError", ["path": .string(path), "message": .string(message)])
            }
            config.merge(own)
        }
        config.merge(settings.strongConfig.members ?? JSONObject())
        return config
    }

    /// Every model as `provider/model`.
    var models: Set<String> {
        var names: Set<String> = []
        for provider in config["provider"]?.members ?? JSONObject() {
            for model in provider.value["models"]?.members ?? JSONObject() {
                names.insert("\(provider.key)/\(model.key)")
            }
        }
        return names
    }

    var agents: [String] {
        ["build", "explore", "general", "plan"] + (config["agent"]?.members ?? JSONObject()).map(\.key)
    }

    var projectJSON: JSONValue {
        value([
            "id": .string(project), "worktree": .string(worktree), "vcs": JSONValue.string("git").when(isRepository),
            "time": ["created": Clock.now, "updated": Clock.now], "sandboxes": [],
        ])
    }

    var branch: String? {
        guard isRepository, let head = Files.text("\(worktree)/.git/HEAD"), head.hasPrefix("ref: refs/heads/") else {
            return nil
        }
        return String(Words.trimmed(head.dropFirst(16)))
    }
}
