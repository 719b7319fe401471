import Runtime

/// The users' workspaces: whose they are, where, and which keys they have by name.
@Loop
struct WorkspacesDoor: Door {
    let name = "workspaces"
    private let gate: Gate
    private let workspaces: Workspaces

    private nonisolated static let pageSize = 500

    init(_ gate: Gate, _ workspaces: Workspaces) {
        self.gate = gate
        self.workspaces = workspaces
    }

    var endpoints: [Endpoint] {
        [
            Endpoint(
                method: .get, path: "/mgmt/workspaces",
                summary: "The workspaces by id, five hundred at a time; ?after= goes on behind an id.",
                answers: [200: "the workspaces", 401: "no good key", 403: "not for you"], parameters: [.limit, .after],
                schema: .ref("Workspaces"), action: .task(list)),
            Endpoint(
                method: .get, path: "/mgmt/workspaces/{id}", summary: "One workspace.",
                answers: [200: "the workspace", 404: "there is none of that id"], schema: .ref("Workspace"),
                action: .task(get)),
            Endpoint(
                method: .put, path: "/mgmt/workspaces/{id}/keys",
                summary: "Sets the user's keys by name: of providers, and of integrations such as INSTRUMENTL_API_KEY; "
                    + "null forgets one. No answer ever has a key.",
                answers: [
                    200: "the names of the keys that there are", 400: "no name of a key, or no key",
                    404: "there is none of that id",
                ], body: .required(.ref("KeyChanges")), schema: .ref("KeyNames"), action: .task(setKeys)),
        ]
    }

    private func list(_ request: Request) async throws -> Response {
        try gate.require(.manage, request)
        let page = try Paging(request.query, usual: WorkspacesDoor.pageSize)
        let found = try await workspaces.list(after: page.after, limit: page.limit + 1)
        let (items, next) = page.cut(found, \.record.id)
        let answer: JSONValue = [
            "workspaces": .array(items.map { .object(shown($0.record, $0.workspace)) }),
            "more": .bool(next != nil), "next": next.map { .string($0) } ?? .null,
        ]
        return .json(try JSON.encode(answer))
    }

    private func get(_ request: Request) async throws -> Response {
        try gate.require(.manage, request)
        let (record, workspace) = try await workspaces.get(request.parameters["id"] ?? "")
        var shown = shown(record, workspace)
        let own = try await workspaces.integrationKeys(of: workspace.id).keys.sorted()
        shown["integration_keys"] = .array(own.map { .string($0) })
        return .json(try JSON.encode(JSONValue.object(shown)))
    }

    private func setKeys(_ request: Request) async throws -> Response {
        try gate.require(.manage, request)
        let (_, workspace) = try await workspaces.get(request.parameters["id"] ?? "")
        let changes = try KeyChanges(JSON.parse(try await request.body.collect(limit: UsageDoor.largestBody)))
        return try await workspaces.set(changes, of: workspace)
    }

    private func shown(_ record: WorkspaceRecord, _ workspace: Workspace) -> JSONObject {
        var shown = workspace.facts
        shown["created_at"] = .string(JobTime.text(record.createdAt))
        shown["last_used_at"] = .string(JobTime.text(record.lastUsedAt))
        return shown
    }
}
