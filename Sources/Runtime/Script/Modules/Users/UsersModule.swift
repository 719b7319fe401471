import LuaBridge

extension HostModule {
    /// `host.users`. It shows, and changes nothing.
    public static func users(_ users: any WorldUsers) -> HostModule {
        HostModule(
            "users", "Those who were here: who they are, when they came, and who was removed.",
            [list(users), removed(users)])
    }

    private static let page = Record(
        "host.UserPage", "Which of many users to list.",
        [
            .optional("after", .text(max: 256), "Those behind this id."),
            .optional("limit", .integer(1...1000), "How many at most; 1000 when left out."),
        ])

    private static let common: [Field] = [
        .required("id", .text(), "The id of the user, and of the workspace."),
        .required("user", .text(), "The user, as hooks know them."),
        .optional("name", .text(), "Their name."), .optional("email", .text(), "Their mail address."),
        .required("source", .text(), "Where the identity was read."),
        .required("first_seen", Contract.moment, "When they came first."),
        .required("last_seen", Contract.moment, "When they came last."),
    ]

    private static func list(_ users: any WorldUsers) -> HostFunction {
        let user = Record("host.SeenUser", "Somebody who was here.", common)
        return HostFunction(
            waiting: "list", "Lists users in the order of their ids.",
            [.optional("page", .record(page), "Where to begin; the first thousand when left out.")],
            results: [.required("users", .list(.record(user)), "The users.")],
            example: "for _, user in ipairs(assert(users.list())) do log.info(user.user) end"
        ) { call in try await found(users, removed: false, call) }
    }

    private static func removed(_ users: any WorldUsers) -> HostFunction {
        let user = Record(
            "host.RemovedUser", "A user whom the owner removed, and what they left; an item for gc plans.",
            [
                .required("kind", .text(), "\"removed_user\""), .required("label", .text(), "Their name for people."),
                .required("removed", Contract.moment, "When they were removed."),
                .optional("bytes", .integer(), "What they left, as far as it was measured."),
                .required("stamp", .text(), "Changes with another removal."),
            ] + common)
        return HostFunction(
            waiting: "removed", "Lists users who were removed and whose things are still kept aside.",
            [.optional("page", .record(page), "Where to begin; the first thousand when left out.")],
            results: [.required("users", .list(.record(user)), "The users.")],
            example: "for _, user in ipairs(assert(users.removed())) do add.remove(user, \"removed\") end"
        ) { call in try await found(users, removed: true, call) }
    }

    private static func found(_ users: any WorldUsers, removed: Bool, _ call: HostCall) async throws -> LuaValue {
        let page = call.options("page")
        let found = try await users.list(
            removed: removed, after: page.text("after") ?? "", limit: Int(page.integer("limit") ?? 1000))
        return .array(found.map(table))
    }

    private static func table(_ user: UserState) -> LuaValue {
        var fields: [LuaKey: LuaValue] = [
            "id": .string(user.id), "user": .string(user.user), "source": .string(user.source),
            "first_seen": .number(Double(user.firstSeen) / 1000), "last_seen": .number(Double(user.lastSeen) / 1000),
        ]
        fields["name"] = user.name.map { .string($0) }
        fields["email"] = user.email.map { .string($0) }
        if let removed = user.removedAt {
            fields["kind"] = "removed_user"
            fields["label"] = .string(user.name ?? user.user)
            fields["removed"] = .number(Double(removed) / 1000)
            fields["stamp"] = .string(String(removed))
            fields["bytes"] = user.bytes.map { .integer($0) }
        }
        return .table(fields)
    }
}
