import LuaBridge

/// The workspaces of a spec: those that it says there are.
@Loop
final class FakeWorkspaces: WorldWorkspaces {
    private unowned let clock: any WorldClock
    private var all: [String: (facts: JSONObject, usage: WorkspaceUsage)] = [:]

    private var known: [JSONObject] = []

    init(clock: any WorldClock) { self.clock = clock }

    func begin() {
        all = [:]
        known = []
    }

    func agents(_ page: UnusedPage) async throws -> [JSONValue] { known.unused(page, at: clock.now) }

    func list(after: String, limit: Int) async throws -> [JSONValue] {
        all.keys.sorted().filter { $0 > after }.prefix(limit).compactMap { all[$0].map { .object($0.facts) } }
    }

    func get(_ id: String) async throws -> JSONValue { .object(try found(id).facts) }

    func get(user: String) async throws -> JSONValue {
        guard let space = all.values.first(where: { $0.facts["user"]?.string == user }) else {
            throw Fault(.notFound, "\"\(user)\" has no workspace")
        }
        return .object(space.facts)
    }

    func usage(of id: String) async throws -> WorkspaceUsage { try found(id).usage }

    private func found(_ id: String) throws -> (facts: JSONObject, usage: WorkspaceUsage) {
        guard let space = all[id] else { throw Fault(.notFound, "there is no workspace \(id)") }
        return space
    }

    // MARK: what specs say

    private static let space = Record(
        "fake.Workspace", "A user's workspace.",
        [
            .required("user", .text(), "Whose it is."),
            .optional("id", .text(), "Its id; the user, if left out."),
            .optional("keys", .list(.text()), "Names of the provider keys that it has."),
            .optional("ago", .duration, "How long ago it was used; just now, if left out."),
            .optional("bytes", .size, "What it holds."), .optional("files", .integer(0 ... .max), "How many files."),
        ])

    /// `fake.workspaces`.
    var words: HostModule {
        HostModule(
            "workspaces", "The workspaces that `host.workspaces` tells of.",
            [
                HostFunction(
                    "set", "Sets the workspaces that there are.",
                    [.required("workspaces", .list(.record(FakeWorkspaces.space)), "All of them.")],
                    example: "fake.workspaces.set { { user = \"ann\", bytes = \"2GB\" } }"
                ) { [unowned self] call in
                    all = [:]
                    for space in call["workspaces"].elements.map(HostOptions.init) { put(space) }
                    return .nil
                },
                HostFunction(
                    "agents", "Sets the agents in their configurations.",
                    [.required("agents", .list(.record(FakeWorkspaces.agent)), "All of them.")],
                    example: "fake.workspaces.agents { { workspace = \"w\", agent = \"izzy\", ago = \"40d\" } }"
                ) { [unowned self] call in
                    known = []
                    for agent in call["agents"].elements.map(HostOptions.init) { put(agent: agent) }
                    return .nil
                },
            ])
    }

    private static let agent = Record(
        "fake.Agent", "An agent in the configuration of a workspace.",
        [
            .required("workspace", .text(), "The workspace's id."), .required("agent", .text(), "Its name."),
            .optional("ago", .duration, "How long ago it was used; just now, if left out."),
        ])

    private func put(agent: HostOptions) {
        let (workspace, name) = (agent.text("workspace")!, agent.text("agent")!)
        let used = clock.now - (agent.duration("ago") ?? .zero) / .seconds(1)
        known.append([
            "kind": "agent", "id": .string("\(workspace)/\(name)"), "label": .string("\(name) in \(workspace)"),
            "workspace": .string(workspace), "agent": .string(name), "persona": .string(name),
            "last_used": .number(used), "stamp": .string(String(Int64(used))),
        ])
    }

    private func put(_ space: HostOptions) {
        let user = space.text("user")!
        let id = space.text("id") ?? user
        let used = clock.now - (space.duration("ago") ?? .zero) / .seconds(1)
        let facts: JSONObject = [
            "id": .string(id), "user": .string(user), "directory": .string("/workspaces/\(id)"),
            "keys": .array(space.list("keys").map { .string($0) }), "key_signature": "00000000",
            "last_used": .number(used), "created": .number(used),
        ]
        let usage = WorkspaceUsage(bytes: Int64(space.size("bytes") ?? 0), files: space.integer("files") ?? 0)
        all[id] = (facts, usage)
    }
}

extension [JSONObject] {
    /// The page of those with `id` and `last_used` that somebody asks for.
    func unused(_ page: UnusedPage, at now: Double) -> [JSONValue] {
        let before = Double(page.before(Int64(now * 1000))) / 1000
        let found = filter { ($0["last_used"]?.number ?? 0) < before && ($0["id"]?.string ?? "") > page.after }
        return found.sorted { ($0["id"]?.string ?? "") < ($1["id"]?.string ?? "") }.prefix(page.limit).map {
            .object($0)
        }
    }
}
