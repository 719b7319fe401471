import LuaBridge

/// Runners, and what is marked as one, as Lua tables. Times are seconds since the epoch.
enum RunnerTables {
    static let runner = Record(
        "host.Runner", "A live agent server; an item for gc plans.",
        [
            .required("kind", .text(), "\"runner\""),
            .required("id", .text(), "its name"),
            .required("label", .text(), "whose it is and how it fares"),
            .required("name", .text(), "its name"),
            .required("mode", .choice(["shared", "process", "container"]), "what it is"),
            .optional("workspace", .text(), "the workspace that it serves; nil where all share it"),
            .optional("key_signature", .text(), "which set of provider keys it was started with"),
            .optional(
                "isolation", .choice(["user", "chat", "run"]),
                "who shares it: all chats of a user, one chat, or one run"),
            .required("state", .choice(RunnerState.Life.allCases.map(\.rawValue)), "how it fares"),
            .required("leases", .integer(), "how many turns and clients are on it"),
            .required("stale", .boolean, "whether it is started anew as soon as nobody is on it"),
            .optional("address", .text(), "where it answers"),
            .optional("started", .integer(), "when it was started"),
            .optional("last_used", .integer(), "when somebody was on it last"),
            .optional("reason", .text(), "why it is not up"),
            .optional("stamp", .text(), "which one of that name it is, so that a plan means this one"),
        ])

    static let finding = Record(
        "host.RunnerFinding", "Something on this machine that is marked as a runner; an item for gc plans.",
        [
            .required("kind", .text(), "\"orphan\""),
            .required("id", .text(), "its identity: a container's id, or a process with its start"),
            .required("label", .text(), "its name"),
            .required("name", .text(), "its name"),
            .required("workspace", .text(), "the workspace that it served"),
            .required(
                "standing", .choice(RunnerFinding.Standing.allCases.map(\.rawValue)),
                "`known` is in use; `orphan` was started by this Perigee and can be used by nobody; `foreign` is another's"
            ),
            .required("started", .integer(), "when it was started"),
            .required("up", .boolean, "whether it runs"),
            .optional("memory", .integer(), "what it uses of memory"),
        ])

    static func table(_ runner: RunnerState) -> LuaValue {
        var fields: [LuaKey: LuaValue] = [
            "kind": "runner", "id": .string(runner.name), "name": .string(runner.name),
            "label": .string("\(runner.workspace ?? "everybody"), \(runner.life.rawValue)"),
            "mode": .string(runner.mode), "state": .string(runner.life.rawValue),
            "leases": .integer(Int64(runner.leases)), "stale": .bool(runner.isStale),
        ]
        fields["workspace"] = runner.workspace.map { .string($0) }
        fields["key_signature"] = runner.keySignature.map { .string($0) }
        fields["isolation"] = runner.isolation.map { .string($0) }
        fields["address"] = runner.address.map { .string($0) }
        fields["started"] = runner.startedAt.map { .integer($0 / 1000) }
        fields["last_used"] = runner.lastUsedAt.map { .integer($0 / 1000) }
        fields["reason"] = runner.reason.map { .string($0) }
        fields["stamp"] = runner.identity.map { .string($0) }
        return .table(fields)
    }

    static func table(_ found: RunnerFinding) -> LuaValue {
        var fields: [LuaKey: LuaValue] = [
            "kind": "orphan", "id": .string(found.identity), "name": .string(found.name),
            "label": .string(found.name), "workspace": .string(found.workspace),
            "standing": .string(found.standing.rawValue), "started": .integer(found.startedAt / 1000),
            "up": .bool(found.isUp),
        ]
        fields["memory"] = found.memory.map { .integer(Int64($0)) }
        return .table(fields)
    }
}
