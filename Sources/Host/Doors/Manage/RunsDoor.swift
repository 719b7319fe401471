import Runtime

/// Runs: what they are, what they said, why, and what people can do about them.
@Loop
struct RunsDoor: Door {
    let name = "runs"
    private let gate: Gate
    private let runs: () throws -> Runs

    /// `runs` is asked at each request, because the service starts after the doors are made.
    init(_ gate: Gate, _ runs: @escaping () -> Runs?) {
        self.gate = gate
        self.runs = { try served(runs(), "runs") }
    }

    var endpoints: [Endpoint] {
        [
            Endpoint(
                method: .get, path: "/mgmt/runs",
                summary:
                    "Runs, the newest first. ?user=, ?chat= and ?state= (several with commas) choose, ?before= and "
                    + "?after= go on from an id, ?limit= is 50 unless told.",
                answers: [200: "the runs", 400: "a filter is wrong"],
                parameters: [
                    .query("user", .text, "Only of this user."), .query("chat", .text, "Only of this chat."),
                    .query(
                        "state", .words(RunState.allCases.map(\.rawValue)), "Only in these states, several with commas."
                    ),
                    .query("before", .text, "Older than this run: `next` of the answer before without `after`."),
                    .query("after", .text, "Newer than this run: `next` of the answer before with it."), .limit,
                ], schema: .ref("Runs"), action: .task(list)),
            Endpoint(
                method: .post, path: "/mgmt/runs",
                summary: "Starts a run with one engine as it is: no persona is chosen, and no workspace.",
                answers: [
                    202: "the run, which is on the disk", 400: "the order is wrong", 404: "there is no such engine",
                    429: "too many wait already",
                ], body: .required(.ref("RunOrder")), schema: .ref("Run"),
                action: .task(start)),
            Endpoint(
                method: .get, path: "/mgmt/runs/{id}", summary: "One run.",
                answers: [200: "the run", 404: "there is none of that id"], schema: .ref("Run"), action: .task(get)),
            Endpoint(
                method: .get, path: "/mgmt/runs/{id}/events",
                summary: "Its events from the first, or behind ?after= or Last-Event-ID; ends with the run. `missing` "
                    + "names numbers that are not there any more.",
                answers: [200: "the events, each with its number as id", 404: "there is none of that id"],
                mediaType: "text/event-stream",
                parameters: [
                    .query("after", .integer(0...EventsDoor.largest), "Only events behind this number."),
                    .lastEvent,
                ], action: .task(follow)),
            Endpoint(
                method: .get, path: "/mgmt/runs/{id}/why", summary: "Every decision that hooks made for it, in order.",
                answers: [200: "the decisions", 404: "there is none of that id"], schema: .ref("Decisions"),
                action: .task(why)),
            Endpoint(
                method: .post, path: "/mgmt/runs/{id}/cancel",
                summary: "Stops it, and answers when it has stopped. A body may say the reason.",
                answers: [200: "the run", 404: "there is none of that id", 409: "it has ended already"],
                body: .optional(.ref("CancelOrder")), schema: .ref("Run"), action: .task(cancel)),
            Endpoint(
                method: .put, path: "/mgmt/runs/{id}/pin", summary: "Keeps it, and its chat, from every gc plan.",
                answers: [200: "the run", 404: "there is none of that id"], schema: .ref("Run"), action: .task(pin)),
            Endpoint(
                method: .delete, path: "/mgmt/runs/{id}/pin", summary: "Lets gc plans remove it again.",
                answers: [200: "the run", 404: "there is none of that id"], schema: .ref("Run"), action: .task(unpin)),
            Endpoint(
                method: .get, path: "/mgmt/asks", summary: "What people are asked just now; ?user= and ?chat= choose.",
                answers: [200: "the asks, each with its run"],
                parameters: [
                    .query("user", .text, "Only of this user."), .query("chat", .text, "Only of this chat."),
                ], schema: .ref("Asks"), action: .plain(asks)),
            Endpoint(
                method: .post, path: "/mgmt/runs/{id}/asks/{ask}",
                summary: "Answers: `verdict` is once, always or reject for a permission; answered, with `answers`, or "
                    + "dismissed for anything else. The first answer counts.",
                answers: [
                    200: "the run", 400: "that is no answer to it", 404: "nothing like that was asked",
                    409: "it was answered already",
                ], body: .required(.ref("AskAnswer")), schema: .ref("Run"), action: .task(answer)),
        ]
    }

    private func list(_ request: Request) async throws -> Response {
        try gate.require(.manage, request)
        let filter = try RunFilter(request.query)
        let found = try await runs().list(filter)
        var answer = JSONWriter()
        try answer.object { root in
            try root.array("runs") { list in for run in found { try list.object { try $0.put(run) } } }
            root.member("more", found.count == filter.limit)
            // In the direction in which it was asked.
            let last = filter.after == nil ? found.last : found.first
            root.putNext(found.count == filter.limit ? last?.id : nil)
        }
        return .json(answer.finish())
    }

    private func start(_ request: Request) async throws -> Response {
        try gate.require(.manage, request)
        let order = try RunOrder(body: JSON.parse(try await request.body.collect()))
        let runs = try runs()
        guard runs.engines[order.engine] != nil else {
            let known = runs.engines.keys.sorted().joined(separator: ", ")
            throw Fault(.notFound, "there is no engine \"\(order.engine.prefix(80))\"", hint: "known are \(known)")
        }
        return try answer(try await runs.accept(order), status: 202)
    }

    private func get(_ request: Request) async throws -> Response {
        try gate.require(.manage, request)
        return try await found(request)
    }

    private func follow(_ request: Request) async throws -> Response {
        try gate.require(.manage, request)
        let after = try EventsDoor.place(request) ?? 0
        let follower = try await runs().follow(id(request), after: after)
        return EventStream.response { stream in RunEventFeed(follower, stream).start() }
    }

    private func why(_ request: Request) async throws -> Response {
        try gate.require(.manage, request)
        let decisions = try await runs().why(id(request))
        var answer = JSONWriter()
        try answer.object { root in
            try root.array("decisions") { list in for decision in decisions { try list.object { try $0.put(decision) } }
            }
        }
        return .json(answer.finish())
    }

    private func cancel(_ request: Request) async throws -> Response {
        try gate.require(.manage, request)
        let body = try await request.body.collect()
        let reason = body.isEmpty ? nil : try JSON.parse(body)["reason"].string
        try await runs().cancel(id(request), reason: reason ?? "cancelled by an administrator")
        return try await found(request)
    }

    private func pin(_ request: Request) async throws -> Response {
        try gate.require(.manage, request)
        try await runs().pin(id(request), true)
        return try await found(request)
    }

    private func unpin(_ request: Request) async throws -> Response {
        try gate.require(.manage, request)
        try await runs().pin(id(request), false)
        return try await found(request)
    }

    private func asks(_ request: Request) throws -> Response {
        try gate.require(.manage, request)
        let open = try runs().asks(user: request.query["user"], chat: request.query["chat"])
        var answer = JSONWriter()
        try answer.object { root in
            try root.array("asks") { list in
                for (run, ask) in open {
                    try list.object { entry in
                        try entry.object("run") { try $0.put(run) }
                        try entry.member("ask", encoding: ask)
                    }
                }
            }
        }
        return .json(answer.finish())
    }

    private func answer(_ request: Request) async throws -> Response {
        try gate.require(.manage, request)
        let body = try JSON.parse(try await request.body.collect())
        let answer = try AskAnswer(to: request.parameters["ask"] ?? "", body: body, by: "mgmt")
        try await runs().answer(id(request), answer)
        return try await found(request)
    }

    private func found(_ request: Request) async throws -> Response {
        guard let run = try await runs().run(id(request)) else {
            throw Fault(.notFound, "there is no run \"\(id(request))\"")
        }
        return try answer(run)
    }

    private func answer(_ run: RunRecord, status: Int = 200) throws -> Response {
        var answer = JSONWriter()
        try answer.object { try $0.put(run) }
        return .json(answer.finish(), status: status)
    }

    private func id(_ request: Request) -> String { request.parameters["id"] ?? "" }
}
