import Runtime

/// What is about one directory: configuration, tools of other servers, place, version control.
extension Life {
    func addInstance(to routes: FakeRoutes) {
        routes.on(.get, "/config") { call in .value(.object(try call.instance.config)) }
        routes.on(.patch, "/config") { call in
            _ = try call.instance
            let patch = JSONValue.object(try call.body())
            _ = Files.write(patch.json, to: "\(call.directory)/config.json")
            await call.life.dispose(call.directory)
            return .value(patch)
        }
        routes.on(.get, "/path") { call in
            let instance = try call.instance
            return .value([
                "home": "/home/fake", "state": "/home/fake/state/opencode", "config": "/home/fake/config/opencode",
                "worktree": .string(instance.worktree), "directory": .string(instance.directory),
            ])
        }
        routes.on(.get, "/vcs") { call in
            let branch = JSONValue.text(try call.instance.branch)
            return .value(value(["branch": branch, "default_branch": branch]))
        }
        routes.on(.get, "/vcs/status") { call in
            .value(.array((try call.life.diffs(call).elements ?? []).map(Life.withoutPatch)))
        }
        routes.on(.get, "/vcs/diff") { call in .value(try call.life.diffs(call)) }
        routes.on(.get, "/project") { call in .value([try call.instance.projectJSON]) }
        routes.on(.get, "/project/current") { call in .value(try call.instance.projectJSON) }

        routes.on(.get, "/mcp") { call in .value(.object(try call.instance.servers)) }
        routes.on(.post, "/mcp") { call in
            let instance = try call.instance
            let body = try call.body()
            guard let name = body.text("name") else { throw Refusal.schema("Missing key\n  at [\"name\"]") }
            instance.servers[name] = ["status": "connected"]
            return .value(.object(instance.servers))
        }
        for (word, status) in [("connect", "connected"), ("disconnect", "disabled")] {
            routes.on(.post, "/mcp/{name}/\(word)") { call in
                let instance = try call.instance
                let name = call.parameter("name")
                guard instance.servers[name] != nil else {
                    throw Refusal.tagged(
                        404, "McpServerNotFoundError",
                        ["name": .string(name), "message": .string("MCP server not found: \(name)")])
                }
                instance.servers[name] = ["status": .string(status)]
                return .value(true)
            }
        }
    }

    /// What sessions of the directory have done to its files.
    private func diffs(_ call: Call) throws -> JSONValue {
        let instance = try call.instance
        let changes = store.sorted.reversed().filter { $0.directory == instance.directory }.flatMap(\.changes)
        return FileDiff.list(changes, in: instance.directory)
    }

    private static func withoutPatch(_ diff: JSONValue) -> JSONValue {
        var members = diff.members ?? JSONObject()
        members["patch"] = nil
        return .object(members)
    }
}
