import LuaBridge

// Who asks, what is asked, and as whom it is answered.

extension Contract {
    /// Who asks, once `identify` has decided.
    static let user = Record(
        "host.User", "Who asks, as `identify` decided.",
        [
            .required("key", word, "The user: their workspace, chats and keys are found by it."),
            .required("source", identitySource, "Where that was read."),
            .optional("name", word, "The name they go by."),
            .optional("email", word, "Their mail address."),
            .optional("role", word, "Their role where they signed in, such as `admin` or `user`."),
        ])

    static let identitySource = Shape.choice(["jwt", "header", "body", "key", "anonymous", "script"])

    static let claims = Record(
        "host.Claims", "What a signed token says, after its signature and its times were verified.",
        [
            .required("sub", word, "The user's id at the issuer."),
            .optional("name", word, "The name they go by."),
            .optional("email", word, "Their mail address."),
            .optional("role", word, "Their role at the issuer."),
            .optional("iss", word, "Who issued it, such as `open-webui`."),
        ])

    static let key = Record(
        "host.Key", "The API key that a request came with; never its text.",
        [
            .required("id", word, "The key's id."),
            .optional("name", word, "What its owner called it."),
            .required("user", word, "The user that it stands for."),
            .required(
                "scopes", .list(.choice(["chat", "speak-for", "manage", "worker", "admin"])),
                "What it may do. `speak-for` may name users."),
        ])

    static let peer = Record(
        "host.Peer", "The other end of the connection.",
        [
            .required("address", word, "Its address, after trusted proxies; `unix` for a socket in the file system."),
            .required("loopback", .boolean, "Whether it is this machine."),
            .required(
                "trusted", .boolean,
                "Whether it is served as admin: over the server's own Unix socket, or on this machine while no key has "
                    + "been made yet; no proxy between."),
        ])

    static let arrival = Record(
        "host.Arrival", "A request that nobody has been named for yet.",
        [
            .required("door", door, "The protocol it speaks."),
            .required("method", word, "Its method, such as `POST`."),
            .required("path", .text(), "Its path, without the query."),
            .required("headers", .map(.text()), "Headers by their names in small letters, without keys and cookies."),
            .optional("body_user", .text(), "The `user` field of its body."),
            .optional("claims", .record(claims), "What its signed user token says. Only ever a verified one."),
            .optional("claims_error", .text(), "Why the user token that it has is not good."),
            .optional("unread_token", .boolean, "True when it has a user token and no secret is set to check it with."),
            .required("wants_jwt", .boolean, "Whether a secret for signed user tokens is set."),
            .optional("key", .record(key), "The key it came with. Only ever a good one."),
            .required("peer", .record(peer), "The other end of the connection."),
            .required("allows_anonymous", .boolean, "Whether the settings let requests in that name nobody."),
        ])

    static let identity = Record(
        "host.Identity", "Who asks, or why they are not served.",
        [
            .optional("user", word, "The user."),
            .optional("source", identitySource, "Where that was read."),
            .optional("name", word, "The name they go by."),
            .optional("email", word, "Their mail address."),
            .optional("role", word, "Their role where they signed in."),
            .optional("refuse", .text(max: 500), "Why the request is refused; the client reads it."),
            .optional("hint", .text(max: 500), "What the refused client's owner can do."),
            reason,
        ])

    static let identify = HookContract(
        "identify", "Who is asking?", facts: [.required("request", .record(arrival), "What came in.")],
        decision: .record(identity),
        rule: { decision in
            if decision["refuse"] != nil { return nil }
            if decision["user"]?.string?.isEmpty == true { return ShapeFault("user", "is empty") }
            if decision["user"] == nil { return ShapeFault("user", "is missing", hint: "give `user` or `refuse`") }
            return decision["source"] == nil ? ShapeFault("source", "is missing") : nil
        },
        otherwise: "The user of the key; `anonymous` where the settings or a trusted peer allow it; else a refusal."
    ) { facts in
        let request = facts.first ?? .nil
        if let user = request["key"]?["user"] {
            return ["user": user, "source": "key", "reason": "the key's own user"]
        }
        if request["allows_anonymous"]?.bool == true || request["peer"]?["trusted"]?.bool == true {
            return ["user": "anonymous", "source": "anonymous", "reason": "nobody is named, and nobody has to be"]
        }
        return ["refuse": "a key is needed", "hint": "send it as Authorization: Bearer …"]
    }

    static let message = Record(
        "host.Message", "One message of a conversation.",
        [
            .required("role", .choice(["system", "developer", "user", "assistant", "tool"]), "Whose it is."),
            .required("text", .text(), "Its text; what is not text is left out."),
            .optional("files", count, "How many images and files it has."),
        ])

    static let request = Record(
        "host.Request", "What is asked.",
        [
            .required("door", door, "The protocol it speaks."),
            .optional("client", word, "The program that asks, where it can be told, such as `openwebui`."),
            .required("user", .record(user), "Who asks."),
            .required("model", word, "The model that it names."),
            .optional("model_id", word, "The client's own model, which stands on that one: often a persona."),
            .required("messages", .list(.record(message)), "The conversation so far, oldest first."),
            .optional("chat", word, "The client's id of the chat."),
            .optional("task", .text(), "What the client says a side call is for; empty where it says that it is none."),
            .required("stream", .boolean, "Whether the answer is wanted piece by piece."),
            .required("has_tools", .boolean, "Whether it offers tools of the client."),
            .required("meta", .map(.any), "What the client's owner attached to the model. Not to be trusted."),
            .required("extra", .map(.any), "Fields of the body that are nobody's. Not to be trusted."),
            .required("headers", .map(.text()), "Headers by their names in small letters, without keys and cookies."),
        ])

    static let classification = Record(
        "host.Classification", "Whether this is the user's turn or a side call of the client.",
        [
            .required("kind", .choice(["turn", "background"]), "A turn reaches the agent; a side call never does."),
            .optional("task", .choice(tasks), "What a side call is for."),
            .optional(
                "by", .choice(["model", "host"]),
                "Who answers a side call. The host does, if this is left out or no small model is set."),
            .optional("model", word, "Another model for it than the small one of the settings."),
            .optional("answer", .text(max: 65536), "The host's answer, word for word."),
            reason,
        ])

    static let tasks = [
        "title", "tags", "follow_ups", "queries", "autocomplete", "image_prompt", "emoji", "merge", "tool_choice",
        "compaction", "memory", "other",
    ]

    static let classify = HookContract(
        "classify", "Is this a turn of the user, or a side call of the client?",
        facts: [.required("request", .record(request), "What is asked.")], decision: .record(classification),
        rule: { decision in
            guard decision["kind"]?.string == "turn" else { return nil }
            let stray = ["task", "by", "model", "answer"].first { decision[.string($0)] != nil }
            return stray.map { ShapeFault($0, "is for side calls only", hint: "give kind = \"background\"") }
        },
        fallbackReadsFacts: false, otherwise: "Everything is a turn."
    ) { _ in ["kind": "turn"] }

    static let personaFacts = Record(
        "host.Persona", "A persona, as hooks see it.",
        [
            .required("id", word, "Its id."),
            .required("name", word, "What people call it."),
            .required("description", .text(), "What it is for."),
            .required("agent", word, "The agent that it stands on."),
            .required("integrations", .list(word), "Integrations that it may use."),
            .required("memory", .boolean, "Whether it keeps its session from turn to turn unless a request says else."),
            .optional("memory_settable", .boolean, "Whether a request may say else. It may, if left out."),
            .optional("settings", .map(.record(setting)), "What a request can adjust, by name."),
        ])

    static let personaChoice = Record(
        "host.PersonaChoice", "As whom a request is answered.",
        [
            .optional("persona", word, "The persona's id."),
            .optional(
                "agent", .choice(["plan"]), "`plan` takes the right to change things from a persona that has it."),
            .optional("settings", .map(.any), "Its settings, checked against what the persona declares."),
            .optional("memory", .boolean, "Whether the session is kept from turn to turn."),
            .optional("integrations", .map(.boolean), "Integrations switched on or off for this request."),
            .optional("prompt", .text(max: 65536), "The user's own instructions; they stand below the locked core."),
            .optional("model", word, "The provider's model to use, such as `anthropic/claude-sonnet-4-5`."),
            .optional("refuse", .text(max: 500), "Why no persona answers; the client reads it."),
            reason,
        ])

    static let choosePersona = HookContract(
        "persona", "As whom is it answered?",
        facts: [
            .required("request", .record(request), "What is asked."),
            .required("personas", .list(.record(personaFacts)), "The personas that the user may use."),
        ],
        decision: .record(personaChoice),
        rule: { decision in
            decision["persona"] == nil && decision["refuse"] == nil
                ? ShapeFault("persona", "is missing", hint: "give `persona` or `refuse`") : nil
        },
        otherwise: "The persona that the model is named after, else `build`."
    ) { facts in
        let request = facts.first ?? .nil
        let known = facts.count > 1 ? facts[1].elements.compactMap { $0["id"]?.string } : []
        for field in ["model_id", "model"] as [LuaKey] {
            guard let model = request[field]?.string, let name = model.split(separator: "/").last else { continue }
            if known.contains(String(name)) {
                return ["persona": .string(String(name)), "reason": "the model is named after it"]
            }
        }
        return ["persona": "build", "reason": "no persona bears the model's name"]
    }
}

extension LuaValue {
    /// Of a list; none of anything else.
    var elements: [LuaValue] { if case .array(let values) = self { values } else { [] } }
}
