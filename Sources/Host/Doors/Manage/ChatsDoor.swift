import Runtime

/// Chats: which there are, what is in them, and that they be forgotten. Users see and forget their own.
@Loop
struct ChatsDoor: Door {
    let name = "chats"
    private let gate: Gate
    private let scripts: Scripts
    private let room: () throws -> ChatRoom

    /// `room` is asked at each request, because it opens after the doors are made.
    init(_ gate: Gate, _ scripts: Scripts, _ room: @escaping () -> ChatRoom?) {
        self.gate = gate
        self.scripts = scripts
        self.room = { try served(room(), "chats") }
    }

    var endpoints: [Endpoint] {
        [
            Endpoint(
                method: .get, path: "/mgmt/chats", summary: "Chats, the newest first.",
                answers: [200: "the chats"],
                parameters: [.query("user", .text, "Only this user's."), .limit, .after], schema: .ref("Chats"),
                action: .task(list)),
            Endpoint(
                method: .get, path: "/mgmt/chats/{id}", summary: "One chat with its newest turns.",
                answers: [200: "the chat", 404: "there is none of that id"], schema: .ref("Chat"), action: .task(get)),
            Endpoint(
                method: .delete, path: "/mgmt/chats/{id}",
                summary: "Forgets a chat. Its client has the text, and its next turn begins a new session with it.",
                answers: [
                    200: "it is forgotten", 404: "there is none of that id",
                    409: "a turn of it is under way, or pinned",
                ], schema: .ref("Chat"), action: .task(remove)),
            Endpoint(
                method: .get, path: "/mgmt/me/chats", summary: "The caller's own chats, the newest first.",
                answers: [200: "the chats"], parameters: [.limit, .after], schema: .ref("Chats"),
                action: .task(listOwn)),
            Endpoint(
                method: .get, path: "/mgmt/me/chats/{id}", summary: "One of the caller's own chats.",
                answers: [200: "the chat", 404: "there is none of that id"], schema: .ref("Chat"),
                action: .task(getOwn)),
            Endpoint(
                method: .delete, path: "/mgmt/me/chats/{id}", summary: "Forgets one of the caller's own chats.",
                answers: [
                    200: "it is forgotten", 404: "there is none of that id",
                    409: "a turn of it is under way, or pinned",
                ], schema: .ref("Chat"), action: .task(removeOwn)),
            Endpoint(
                method: .get, path: "/mgmt/me/runs", summary: "The caller's own runs, the newest first.",
                answers: [200: "the runs"], parameters: [.limit, .after], schema: .ref("Runs"),
                action: .task(ownRuns)),
        ]
    }

    // MARK: for the owner

    private func list(_ request: Request) async throws -> Response {
        try gate.require(.manage, request)
        return try await list(request, of: request.query["user"])
    }

    private func get(_ request: Request) async throws -> Response {
        try gate.require(.manage, request)
        return try await one(request, of: nil)
    }

    private func remove(_ request: Request) async throws -> Response {
        try gate.require(.manage, request)
        return try await forget(request, of: nil)
    }

    // MARK: for users

    private func listOwn(_ request: Request) async throws -> Response {
        try await list(request, of: try await user(request))
    }

    private func getOwn(_ request: Request) async throws -> Response {
        try await one(request, of: try await user(request))
    }

    private func removeOwn(_ request: Request) async throws -> Response {
        try await forget(request, of: try await user(request))
    }

    private func ownRuns(_ request: Request) async throws -> Response {
        let user = try await user(request)
        let page = try Paging(request.query, usual: 50)
        var filter = RunFilter()
        filter.user = user
        if !page.after.isEmpty { filter.before = page.after }
        filter.limit = min(page.limit + 1, 1000)
        let found = try await room().runs.list(filter)
        let (items, next) = page.cut(found, \.id)
        var answer = JSONWriter()
        try answer.object { root in
            try root.array("runs") { list in for run in items { try list.object { try $0.put(run) } } }
            root.putNext(next)
        }
        return .json(answer.finish())
    }

    private func user(_ request: Request) async throws -> String {
        let use = GenerationUse(scripts.live)
        return try await gate.caller(request, door: "manage", generation: use.generation).user
    }

    // MARK: both

    private func list(_ request: Request, of user: String?) async throws -> Response {
        let page = try Paging(request.query)
        let found = try await room().chats.list(user: user, before: page.after, limit: page.limit + 1)
        let (items, next) = page.cut(found, \.id)
        var answer = JSONWriter()
        answer.object { root in
            root.array("chats") { list in for chat in items { list.object { ChatsDoor.put(chat, &$0) } } }
            root.putNext(next)
        }
        return .json(answer.finish())
    }

    private func one(_ request: Request, of user: String?) async throws -> Response {
        let (chat, turns) = try await room().chats.get(request.parameters["id"] ?? "", user: user)
        var answer = JSONWriter()
        answer.object { root in
            ChatsDoor.put(chat, &root)
            root.array("newest_turns") { list in for turn in turns { list.object { ChatsDoor.put(turn, &$0) } } }
        }
        return .json(answer.finish())
    }

    private func forget(_ request: Request, of user: String?) async throws -> Response {
        let room = try room()
        let (chat, _) = try await room.chats.get(request.parameters["id"] ?? "", user: user)
        guard !room.runs.isAtWork({ $0.order.user == chat.user && ($0.order.chat ?? "") == chat.chat }) else {
            throw Fault(.conflict, "a turn of the chat \(chat.id) is under way", hint: "cancel its run first")
        }
        try await room.chats.forget(chat)
        var answer = JSONWriter()
        answer.object { ChatsDoor.put(chat, &$0) }
        return .json(answer.finish())
    }

    private static func put(_ chat: ListedChat, _ writer: inout JSONWriter) {
        writer.member("id", chat.id)
        writer.member("user", chat.user)
        if !chat.chat.isEmpty { writer.member("chat", chat.chat) }
        if let title = chat.title { writer.member("title", title) }
        if let persona = chat.persona { writer.member("persona", persona) }
        if let model = chat.model { writer.member("model", model) }
        if let session = chat.session { writer.member("session", session) }
        writer.member("turns", Int(chat.turns))
        writer.member("newest", chat.newest)
        writer.member("pinned", chat.isPinned)
        writer.member("started_at", JobTime.text(chat.startedAt))
        writer.member("last_used_at", JobTime.text(chat.usedAt))
    }

    private static func put(_ turn: ListedTurn, _ writer: inout JSONWriter) {
        writer.member("run", turn.run)
        writer.member("voice", turn.voice)
        if let session = turn.session { writer.member("session", session) }
        if let state = turn.state { writer.member("state", state) }
        writer.member("complete", turn.isComplete)
        writer.member("at", JobTime.text(turn.at))
    }
}
