import Runtime

extension Schematics {
    /// Users, keys, workspaces and usage.
    static let people: [(String, JSONValue)] = [
        ("Users", shape(["users": "[User]", "next": "string|null"])),
        (
            "User",
            shape([
                "id": "string", "user": "string", "name?": "string", "email?": "string", "source": "string",
                "first_seen_at": "time", "last_seen_at": "time", "removed_at?": "time", "bytes?": "count",
                "keys?": "[Key]", "usage?": "object",
            ])
        ),
        (
            "RemovedUser",
            shape([
                "id": "string", "user": "string", "name?": "string", "email?": "string", "source": "string",
                "first_seen_at": "time", "last_seen_at": "time", "removed_at": "time",
            ])
        ),
        ("Keys", shape(["keys": "[Key]", "next": "string|null"])),
        (
            "Key",
            shape([
                "id": "string", "name": "string", "user": "string", "scopes": "[string]", "state": "string",
                "created_at": "time", "expires_at": "time|null", "revoked_at": "time|null",
                "last_used_at": "time|null", "setup?": "boolean", "token?": "string",
            ])
        ),
        (
            "KeyOrder",
            shape(
                [
                    "name?": "KeyName|null", "user?": "KeyText|null", "scopes?": "KeyScopes",
                    "expires?": "KeyLifetime|null",
                ],
                isClosed: true)
        ),
        ("KeyName", ["type": "string", "pattern": #"^[^\u0000-\u001f\u007f-\u009f]{0,60}$"#]),
        ("KeyText", ["type": "string", "pattern": #"^[^\u0000-\u001f\u007f-\u009f]{1,60}$"#]),
        ("KeyLifetime", ["type": "string", "pattern": "^([1-9][0-9]{0,2}(d|h|m)|never)$"]),
        ("KeyScopes", ["type": "array", "minItems": 1, "items": type("KeyScope")]),
        ("KeyScope", ["type": "string", "enum": .array(KeyScope.allCases.map { .string($0.rawValue) })]),
        ("Workspaces", shape(["workspaces": "[Workspace]", "next": "string|null", "more?": "boolean"])),
        (
            "Workspace",
            shape([
                "id": "string", "user": "string", "directory": "string", "keys": "[string]",
                "key_signature": "string", "created_at": "time", "last_used_at": "time",
                "integration_keys?": "[string]",
            ])
        ),
        (
            "KeyChanges",
            [
                "type": "object", "minProperties": 1, "maxProperties": 64,
                "propertyNames": ["pattern": "^(openai|anthropic|openrouter|[A-Z][A-Z0-9_]{1,63})$"],
                "additionalProperties": ["type": ["string", "null"], "pattern": "^[ -~]*$", "maxLength": 4096],
            ]
        ),
        (
            "KeyNames", shape(["workspace": "string", "keys": "[string]", "integration_keys": "[string]"])
        ),
        (
            "Me",
            shape([
                "key": "object|null", "trusted": "boolean", "source?": "string", "user": "string",
                "name?": "string", "email?": "string", "role?": "string", "workspace": "string", "usage": "object",
            ])
        ),
        (
            "Usage",
            shape([
                "from": "string", "to": "string", "by": "[string]", "usage": "[UsageSum]", "total": "UsageSum",
                "next?": "string|null",
            ])
        ),
        (
            "UsageSum",
            shape([
                "day?": "string", "user?": "string", "key?": "string", "persona?": "string", "model?": "string",
                "runs": "count", "failed": "count", "input_tokens": "count", "output_tokens": "count",
                "reasoning_tokens": "count", "cached_tokens": "count", "cost": "number", "priced": "count",
            ])
        ),
    ]

    /// The program itself, and its scripts.
    static let program: [(String, JSONValue)] = [
        ("Alive", shape(["ok": "boolean"])),
        ("Health", shape(["ok": "boolean", "db": "string", "version": "string", "uptime_s": "count"])),
        ("Ready", shape(["ready": "boolean", "reasons": "[Reason]", "notes": "[string]"])),
        ("Reason", shape(["part": "string", "reason": "string"])),
        (
            "Status",
            shape([
                "version": "string", "pid": "integer", "uptime_s": "count", "addresses": "[string]",
                "state": "string", "connections": "count", "not_ready": "[string]", "scripts?": "Scripts",
            ])
        ),
        (
            "Scripts",
            shape([
                "generation": "object", "fallback?": "string", "failure": "ScriptFailure|null", "reloads": "object",
                "draining": "count",
            ])
        ),
        (
            "ScriptFailure",
            shape(["number": "integer", "since": "time", "age_s": "count", "problems": "[ScriptProblem]"])
        ),
        (
            "ScriptProblem",
            shape(["script": "string", "line?": "integer", "message": "string", "hint?": "string"])
        ),
    ]

    /// What clients of OpenAI's and of MCP send; they know more of it than is said here.
    static let clients: [(String, JSONValue)] = [
        ("Models", shape(["object": "string", "data": "[Model]"])),
        ("Model", shape(["id": "string", "object": "string", "created?": "integer", "owned_by?": "string"])),
        (
            "ChatRequest",
            shape(["model?": "string|null", "messages": "ChatMessages", "stream?": "boolean|null", "user?": "any"])
        ),
        ("ChatMessages", ["type": "array", "minItems": 1, "items": type("ChatMessage")]),
        ("ChatMessage", shape(["role": "ChatRole", "content?": "any"])),
        ("ChatRole", ["type": "string", "enum": ["system", "developer", "user", "assistant"]]),
        (
            "ResponseRequest",
            shape([
                "model?": "string|null", "input": "string", "stream?": "boolean|null",
                "previous_response_id?": "string|null",
            ])
        ),
        ("EmbeddingRequest", shape(["input": "any", "model?": "string|null"])),
    ]
}
