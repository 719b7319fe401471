import Runtime

/// Those who were here: who they are, what they have used, and their removal.
@Loop
struct UsersDoor: Door {
    let name = "users"
    private let gate: Gate
    private let resources: Resources
    private let usage: () throws -> UsageBook

    /// `usage` is asked at each request, because runs start after the doors are made.
    init(_ gate: Gate, _ resources: Resources, usage: @escaping () -> UsageBook?) {
        self.gate = gate
        self.resources = resources
        self.usage = { try served(usage(), "usage") }
    }

    var endpoints: [Endpoint] {
        [
            Endpoint(
                method: .get, path: "/mgmt/users",
                summary: "Those who were here, by id; with ?removed=1 those who were removed and are not gone yet.",
                answers: [200: "the users"], parameters: [.limit, .after, .query("removed", .flag, "Removed ones.")],
                schema: .ref("Users"), action: .task(list)),
            Endpoint(
                method: .get, path: "/mgmt/users/{id}", summary: "One user, with keys, disk and usage.",
                answers: [200: "the user", 404: "there is none of that id"], schema: .ref("User"), action: .task(get)),
            Endpoint(
                method: .delete, path: "/mgmt/users/{id}",
                summary:
                    "Removes a user: runs and runners stop, keys are revoked, chats are forgotten, and the workspace "
                    + "is kept aside until the gc job `workspaces` ends it.",
                answers: [200: "all has stopped and is aside", 404: "there is none of that id"],
                schema: .ref("RemovedUser"), action: .task(remove)),
        ]
    }

    private func list(_ request: Request) async throws -> Response {
        try gate.require(.manage, request)
        let page = try Paging(request.query)
        let removed = try request.query.flag("removed")
        let found = try await resources.scriptUsers.list(removed: removed, after: page.after, limit: page.limit + 1)
        let (items, next) = page.cut(found, \.id)
        let answer: JSONValue = [
            "users": .array(items.map { .object(shown($0)) }), "next": next.map { .string($0) } ?? .null,
        ]
        return .json(try JSON.encode(answer))
    }

    private func get(_ request: Request) async throws -> Response {
        try gate.require(.manage, request)
        let user = try await resources.users.get(request.parameters["id"] ?? "")
        var answer = shown(user)
        let keys = resources.access.keys.list().filter { $0.user == user.user }
        answer["keys"] = .array(keys.map { .object($0.shown(at: Access.now())) })
        let standing = try await usage().standing(of: user.user)
        answer["usage"] = ["today": .object(standing.today.shown), "month": .object(standing.month.shown)]
        return .json(try JSON.encode(JSONValue.object(answer)))
    }

    private func remove(_ request: Request) async throws -> Response {
        try gate.require(.admin, request)
        let removed = try await resources.removal.remove(request.parameters["id"] ?? "")
        return .json(try JSON.encode(JSONValue.object(shown(removed.state))))
    }

    private func shown(_ user: UserState) -> JSONObject {
        var shown: JSONObject = ["id": .string(user.id), "user": .string(user.user)]
        shown["name"] = user.name.map { .string($0) }
        shown["email"] = user.email.map { .string($0) }
        shown["source"] = .string(user.source)
        shown["first_seen_at"] = .string(JobTime.text(user.firstSeen))
        shown["last_seen_at"] = .string(JobTime.text(user.lastSeen))
        if let removed = user.removedAt {
            shown["removed_at"] = .string(JobTime.text(removed))
            shown["bytes"] = user.bytes.map { .integer($0) }
        } else {
            shown["bytes"] = resources.disk.size("workspace", user.id).map { .integer($0.usage.bytes) }
        }
        return shown
    }
}
