import LuaBridge

extension HostModule {
    /// `host.workspaces`. It shows, and changes nothing.
    public static func workspaces(_ workspaces: any WorldWorkspaces) -> HostModule {
        HostModule(
            "workspaces", "The directories of the users: whose they are, when they were used, and what they hold.",
            [list(workspaces), get(workspaces), usage(workspaces), agents(workspaces)])
    }

    private static func list(_ workspaces: any WorldWorkspaces) -> HostFunction {
        HostFunction(
            waiting: "list", "Lists workspaces in the order of their ids.",
            [
                .optional(
                    "page",
                    .record(
                        Record(
                            "host.WorkspacePage", "Which of many workspaces to list.",
                            [
                                .optional("after", .text(max: 256), "Those behind this id."),
                                .optional("limit", .integer(1...1000), "How many at most; 1000 when left out."),
                            ])), "Where to begin; the first thousand when left out.")
            ], results: [.required("workspaces", .list(.record(Contract.workspace)), "The workspaces.")],
            example: "for _, space in ipairs(assert(workspaces.list())) do log.info(space.user) end"
        ) { call in
            let page = call.options("page")
            let limit = page.integer("limit").map { Int($0) } ?? 1000
            return .array(
                try await workspaces.list(after: page.text("after") ?? "", limit: limit).map { LuaValue($0) })
        }
    }

    private static func get(_ workspaces: any WorldWorkspaces) -> HostFunction {
        let user = Record(
            "host.WorkspaceUser", "Whose workspace it is.", [.required("user", .text(max: 256), "The user.")])
        return HostFunction(
            waiting: "get", "Returns one workspace, by its id or by its user.",
            [.required("which", .either([.text(max: 256), .record(user)]), "The id, or `{ user = … }`.")],
            results: [.required("workspace", .record(Contract.workspace), "The workspace.")],
            example: #"local space, err = workspaces.get { user = "ann" }"#
        ) { call in
            if let id = call["which"].string { return LuaValue(try await workspaces.get(id)) }
            return LuaValue(try await workspaces.get(user: call.options("which").text("user")!))
        }
    }

    private static func usage(_ workspaces: any WorldWorkspaces) -> HostFunction {
        let record = Record(
            "host.WorkspaceUsage", "What a workspace holds.",
            [
                .required("bytes", Contract.count, "The sizes of its files together."),
                .required("files", Contract.count, "How many there are."),
            ])
        return HostFunction(
            waiting: "usage", "Counts what a workspace holds now. A large one takes its time.",
            [.required("id", .text(max: 256), "The workspace's id.")],
            results: [.required("usage", .record(record), "What it holds.")],
            example: "local used = assert(workspaces.usage(space.id)).bytes"
        ) { call in
            let usage = try await workspaces.usage(of: call.text("id"))
            return ["bytes": .integer(usage.bytes), "files": .integer(usage.files)]
        }
    }

    private static func agents(_ workspaces: any WorldWorkspaces) -> HostFunction {
        let agent = Record(
            "host.UnusedAgent", "An agent in the configuration of a workspace, as an item for gc plans.",
            [
                .required("kind", .text(), "\"agent\""), .required("id", .text(), "Workspace and name."),
                .required("label", .text(), "Its name for people."),
                .required("workspace", .text(), "The workspace's id."),
                .required("agent", .text(), "Its name in the configuration."),
                .required("persona", .text(), "The persona that it stands for."),
                .required("last_used", Contract.moment, "When a turn last used it, to the hour."),
                .required("stamp", .text(), "Changes when it is used."),
            ])
        return HostFunction(
            waiting: "agents",
            "Lists the agents that turns have left in the configurations of workspaces, in the order of their ids. The "
                + "next turn with one that was removed enters it again.",
            [.optional("page", .record(UnusedPage.record), "Which ones; the first thousand when left out.")],
            results: [.required("agents", .list(.record(agent)), "The agents, without the engine's own.")],
            example: #"local old = assert(workspaces.agents { unused_for = "30d" })"#
        ) { call in .array(try await workspaces.agents(UnusedPage(call.options("page"))).map { LuaValue($0) }) }
    }
}
