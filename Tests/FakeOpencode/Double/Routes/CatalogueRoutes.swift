import Runtime

/// Providers, models, agents, commands and tools.
extension Life {
    func addCatalogues(to routes: FakeRoutes) {
        routes.on(.get, "/config/providers") { call in
            let config = try call.instance.config
            return .value(["providers": Life.providers(config), "default": Life.defaults(config)])
        }
        routes.on(.get, "/provider") { call in
            let config = try call.instance.config
            let names = (config["provider"]?.members ?? JSONObject()).map { JSONValue.string($0.key) }
            return .value([
                "all": Life.providers(config), "default": Life.defaults(config), "connected": .array(names),
            ])
        }
        routes.on(.get, "/agent") { call in
            let instance = try call.instance
            return .value(.array(instance.agents.map { Life.agent($0, instance.config) }))
        }
        routes.on(.get, "/command") { call in
            let commands = call.life.commands(try call.instance)
            return .value(
                .array(
                    commands.map { ["name": .string($0.key), "source": "command", "template": $0.value] }))
        }
        routes.on(.get, "/experimental/tool/ids") { call in
            _ = try call.instance
            return .value([
                "invalid", "question", "bash", "read", "glob", "grep", "edit", "write", "task", "webfetch",
                "todowrite", "websearch", "skill", "apply_patch",
            ])
        }
        for (path, answer) in [
            ("/provider/auth", [:]), ("/skill", []), ("/lsp", []), ("/formatter", []), ("/file/status", []),
            ("/find/symbol", []), ("/pty", []), ("/experimental/worktree", []),
        ] as [(String, JSONValue)] {
            routes.on(.get, path) { call in
                _ = try call.instance
                return .value(answer)
            }
        }
    }

    private static func providers(_ config: JSONObject) -> JSONValue {
        .array(
            (config["provider"]?.members ?? JSONObject()).map { provider in
                let models = provider.value["models"]?.members ?? JSONObject()
                return value([
                    "id": .string(provider.key), "name": provider.value["name"] ?? .string(provider.key),
                    "source": "config", "env": [], "options": provider.value["options"] ?? [:],
                    "models": .object(JSONObject(models.map { ($0.key, model($0.key, $0.value, provider.key)) })),
                ])
            })
    }

    private static func model(_ id: String, _ model: JSONValue, _ provider: String) -> JSONValue {
        let media: JSONValue = ["text": true, "audio": false, "image": false, "video": false, "pdf": false]
        let cost = model["cost"]
        return [
            "id": .string(id), "providerID": .string(provider),
            "api": ["id": .string(id), "url": "", "npm": "@ai-sdk/openai-compatible"],
            "name": model["name"] ?? .string(id), "family": "",
            "capabilities": [
                "temperature": false, "reasoning": model["reasoning"] ?? false, "attachment": false,
                "toolcall": model["tool_call"] ?? true, "input": media, "output": media, "interleaved": false,
            ],
            "cost": [
                "input": cost?["input"] ?? 0, "output": cost?["output"] ?? 0,
                "cache": ["read": cost?["cache_read"] ?? 0, "write": 0],
            ],
            "limit": model["limit"] ?? ["context": 100_000, "output": 8000], "status": "active", "options": [:],
            "headers": [:], "release_date": "", "variants": [:],
        ]
    }

    private static func defaults(_ config: JSONObject) -> JSONValue {
        var first = JSONObject()
        for provider in config["provider"]?.members ?? JSONObject() {
            if let model = provider.value["models"]?.members?.first { first[provider.key] = .string(model.key) }
        }
        return .object(first)
    }

    private static func agent(_ name: String, _ config: JSONObject) -> JSONValue {
        let own = config["agent"]?[name]
        let isBuiltIn = ["build", "explore", "general", "plan"].contains(name)
        let rules =
            [
                PermissionRule("*", "*", "allow"), PermissionRule("doom_loop", "*", "ask"),
                PermissionRule("external_directory", "*", "ask"),
            ] + PermissionRule.list(config["permission"]) + PermissionRule.list(own?["permission"])
        return value([
            "name": .string(name), "description": own?["description"] ?? .string("The \(name) agent."),
            "mode": own?["mode"] ?? (["explore", "general"].contains(name) ? "subagent" : "primary"),
            "native": .bool(isBuiltIn), "hidden": own?["hidden"], "permission": .array(rules.map(\.json)),
            "options": [:],
        ])
    }
}
