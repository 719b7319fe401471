import Runtime

/// Runners: which are up, who is on them, what they print; stop and restart.
@Loop
struct RunnersDoor: Door {
    let name = "runners"
    private let gate: Gate
    private let runners: any WorldRunners

    init(_ gate: Gate, _ runners: any WorldRunners) {
        self.gate = gate
        self.runners = runners
    }

    var endpoints: [Endpoint] {
        [
            Endpoint(
                method: .get, path: "/mgmt/runners", summary: "The runners by name.",
                answers: [200: "the runners", 403: "not for you"], schema: .ref("Runners"), action: .plain(list)),
            Endpoint(
                method: .get, path: "/mgmt/runners/{name}", summary: "One runner.",
                answers: [200: "the runner", 404: "there is none of that name"], schema: .ref("Runner"),
                action: .plain(get)),
            Endpoint(
                method: .post, path: "/mgmt/runners/{name}/stop",
                summary: "Stops it, whoever is on it, and answers when it is down. The next turn starts another.",
                answers: [200: "it is down", 404: "there is none of that name", 409: "it is not ours"],
                schema: .ref("Runner"), action: .task(stop)),
            Endpoint(
                method: .post, path: "/mgmt/runners/{name}/restart",
                summary: "Stops it, whoever is on it, and answers when it is ready again.",
                answers: [200: "the runner", 404: "there is none of that name", 409: "it is not ours"],
                schema: .ref("Runner"), action: .task(restart)),
            Endpoint(
                method: .get, path: "/mgmt/runners/{name}/logs",
                summary: "The newest lines of what it printed, without secrets; ?lines= is 100 unless told.",
                answers: [200: "the lines", 404: "there is none of that name", 409: "it is not up, or not ours"],
                mediaType: "text/plain",
                parameters: [.query("lines", .integer(1...10_000), "How many at most.")], schema: .text,
                action: .task(logs)),
        ]
    }

    private func list(_ request: Request) throws -> Response {
        try gate.require(.manage, request)
        return .json(try JSON.encode(["runners": .array(runners.list().map(\.json)), "next": .null] as JSONValue))
    }

    private func get(_ request: Request) throws -> Response {
        try gate.require(.manage, request)
        return .json(try JSON.encode(try runners.get(name(request)).json))
    }

    private func stop(_ request: Request) async throws -> Response {
        try gate.require(.manage, request)
        try await runners.stop(name(request))
        return .json(try JSON.encode(["name": .string(name(request)), "state": "absent"] as JSONValue))
    }

    private func restart(_ request: Request) async throws -> Response {
        try gate.require(.manage, request)
        try await runners.restart(name(request))
        return .json(try JSON.encode(try runners.get(name(request)).json))
    }

    private func logs(_ request: Request) async throws -> Response {
        try gate.require(.manage, request)
        let text = request.query["lines"] ?? "100"
        guard let lines = Int(text), 1...10_000 ~= lines else {
            throw Fault(.invalidInput, "\"\(text)\" is no number of lines", hint: "from 1 to 10000")
        }
        let log = try await runners.logs(name(request), lines: lines)
        return Response(200, ["Content-Type": "text/plain; charset=utf-8"], body: .bytes(Array(log.utf8)))
    }

    private func name(_ request: Request) -> String { request.parameters["name"] ?? "" }
}

extension RunnerState {
    /// For doors. What is not known is left out.
    var json: JSONValue {
        var fields: JSONObject = ["name": .string(name), "mode": .string(mode), "state": .string(life.rawValue)]
        fields["workspace"] = workspace.map { .string($0) }
        fields["key_signature"] = keySignature.map { .string($0) }
        fields["isolation"] = isolation.map { .string($0) }
        fields["leases"] = .integer(Int64(leases))
        fields["stale"] = .bool(isStale)
        fields["address"] = address.map { .string($0) }
        fields["identity"] = identity.map { .string($0) }
        fields["started_at"] = startedAt.map { .string(JobTime.text($0)) }
        fields["last_used_at"] = lastUsedAt.map { .string(JobTime.text($0)) }
        fields["reason"] = reason.map { .string($0) }
        return .object(fields)
    }
}
