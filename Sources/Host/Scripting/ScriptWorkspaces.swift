import Runtime

/// `host.workspaces`: the users' workspaces in the form that scripts know. Their keys are there by name only.
@Loop
final class ScriptWorkspaces: WorldWorkspaces {
    private let workspaces: Workspaces

    init(_ workspaces: Workspaces) { self.workspaces = workspaces }

    func list(after: String, limit: Int) async throws -> [JSONValue] {
        try await workspaces.list(after: after, limit: limit).map { ScriptWorkspaces.shown($0.record, $0.workspace) }
    }

    func get(_ id: String) async throws -> JSONValue {
        let (record, workspace) = try await workspaces.get(id)
        return ScriptWorkspaces.shown(record, workspace)
    }

    func get(user: String) async throws -> JSONValue {
        let (record, workspace) = try await workspaces.get(Workspace.id(of: user))
        // Another user's hash may begin alike.
        guard record.user == user else { throw Fault(.notFound, "\"\(user)\" has no workspace") }
        return ScriptWorkspaces.shown(record, workspace)
    }

    func usage(of id: String) async throws -> WorkspaceUsage {
        try await WorkspaceUsage(counting: workspaces.get(id).workspace.directory)
    }

    func agents(_ page: UnusedPage) async throws -> [JSONValue] {
        let (before, after) = (page.before(workspaces.now()), page.after)
        let parts = after.split(separator: "/", maxSplits: 1).map(String.init)
        let (workspace, agent) = (parts.first ?? "", parts.count > 1 ? parts[1] : "")
        let found = try await workspaces.store.read {
            try $0.all(AgentQueries.stale, before, workspace, workspace, agent, page.limit)
        }
        return found.map { workspace, agent, persona, used in
            [
                "kind": "agent", "id": .string("\(workspace)/\(agent)"), "label": .string("\(agent) in \(workspace)"),
                "workspace": .string(workspace), "agent": .string(agent), "persona": .string(persona),
                "last_used": .number(Double(used) / 1000), "stamp": .string(String(used)),
            ]
        }
    }

    private static func shown(_ record: WorkspaceRecord, _ workspace: Workspace) -> JSONValue {
        var facts = workspace.facts
        facts["created"] = .number(Double(record.createdAt) / 1000)
        facts["last_used"] = .number(Double(record.lastUsedAt) / 1000)
        return .object(facts)
    }
}
