import Runtime

/// Who asks, what they have used, and what everybody has.
@Loop
struct UsageDoor: Door {
    let name = "usage"
    private let gate: Gate
    private let workspaces: Workspaces
    private let scripts: Scripts
    private let book: () throws -> UsageBook

    nonisolated static let largestBody = 64 << 10

    /// `book` is asked at each request, because runs start after the doors are made.
    init(_ gate: Gate, _ workspaces: Workspaces, _ scripts: Scripts, _ book: @escaping () -> UsageBook?) {
        self.gate = gate
        self.workspaces = workspaces
        self.scripts = scripts
        self.book = { try served(book(), "usage") }
    }

    var endpoints: [Endpoint] {
        [
            Endpoint(
                method: .get, path: "/mgmt/me",
                summary:
                    "Who asks: the user, what the key may do, the workspace, and the usage of today and this month.",
                answers: [200: "who asks", 401: "no good key", 403: "not for you"], schema: .ref("Me"),
                action: .task(me)),
            Endpoint(
                method: .put, path: "/mgmt/me/keys",
                summary: "Sets the caller's own keys by name: of providers, and of integrations such as "
                    + "INSTRUMENTL_API_KEY; null forgets one. No answer ever has a key.",
                answers: [200: "the names of the keys that there are", 400: "no name of a key, or no key"],
                body: .required(.ref("KeyChanges")), schema: .ref("KeyNames"), action: .task(setKeys)),
            Endpoint(
                method: .get, path: "/mgmt/usage",
                summary:
                    "Tokens, dollars and runs. ?from= and ?to= are days (the last thirty, unless told), ?user=, ?key=, "
                    + "?persona= and ?model= choose, ?by= is any of day, user, key, persona and model with commas.",
                answers: [200: "the sums, and all of them together", 400: "a filter is wrong"],
                parameters: [
                    .query("from", .day, "The first day."), .query("to", .day, "The last day."),
                    .query("user", .text, "Only of this user."), .query("key", .text, "Only with this key, by its id."),
                    .query("persona", .text, "Only with this persona."),
                    .query("model", .text, "Only with this model."),
                    .query("by", .words(UsageFilter.Axis.allCases.map(\.rawValue)), "What it is told by."),
                ], schema: .ref("Usage"), action: .task(usage)),
        ]
    }

    private func me(_ request: Request) async throws -> Response {
        var shown: JSONObject = ["key": .null, "trusted": .bool(gate.trusts(request))]
        let user: String
        if let key = try gate.key(of: request), !key.scopes.contains(.chat) {
            // It names nobody but its own user.
            user = key.user
            shown["source"] = .string(IdentitySource.key.rawValue)
            shown["key"] = key.facts
        } else {
            let use = GenerationUse(scripts.live)
            let caller = try await gate.caller(request, door: "manage", generation: use.generation)
            user = caller.user
            for fact in caller.facts.object { shown[fact.key] = fact.value }
            shown["key"] = caller.key.map(\.facts) ?? .null
        }
        shown["user"] = .string(user)
        // Where there is none yet, the first turn makes it.
        shown["workspace"] = .string(Workspace.id(of: user))
        let standing = try await book().standing(of: user)
        shown["usage"] = ["today": .object(standing.today.shown), "month": .object(standing.month.shown)]
        return .json(try JSON.encode(JSONValue.object(shown)))
    }

    private func setKeys(_ request: Request) async throws -> Response {
        let use = GenerationUse(scripts.live)
        let caller = try await gate.caller(request, door: "manage", generation: use.generation)
        let changes = try KeyChanges(JSON.parse(try await request.body.collect(limit: UsageDoor.largestBody)))
        let workspace = try await workspaces.workspace(for: caller.user, source: caller.source)
        return try await workspaces.set(changes, of: workspace)
    }

    private func usage(_ request: Request) async throws -> Response {
        try gate.require(.manage, request)
        let book = try book()
        let filter = try UsageFilter(request.query, today: book.today)
        let groups = filter.grouped(try await book.rows(filter))
        let rows = groups.map { group -> JSONValue in
            var shown: JSONObject = [:]
            for (axis, word) in zip(filter.axes, group.words) { shown[axis.rawValue] = .string(word) }
            for field in group.sum.shown { shown[field.key] = field.value }
            return .object(shown)
        }
        let answer: JSONValue = [
            "from": .string(filter.from.text), "to": .string(filter.to.text),
            "by": .array(filter.axes.map { .string($0.rawValue) }), "usage": .array(rows),
            "total": .object(groups.map(\.sum).reduce(UsageSum(), +).shown),
        ]
        return .json(try JSON.encode(answer))
    }
}

extension Workspaces {
    /// Sets keys and answers with the names of those that there are then.
    func set(_ changes: KeyChanges, of workspace: Workspace) async throws -> Response {
        let changed =
            changes.providers.isEmpty ? workspace : try await setKeys(changes.providers, of: workspace)
        try await setIntegrationKeys(changes.integrations, of: workspace)
        let own = try await integrationKeys(of: workspace.id).keys.sorted()
        let answer: JSONValue = [
            "workspace": .string(workspace.id), "keys": .array(changed.keyNames.map { .string($0) }),
            "integration_keys": .array(own.map { .string($0) }),
        ]
        return .json(try JSON.encode(answer))
    }
}
