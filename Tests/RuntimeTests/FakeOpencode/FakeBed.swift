import FakeOpencode
import Runtime
import Testing

/// A double with a client that speaks to it, and a directory for its sessions.
@Loop
final class FakeBed {
    let directory = TemporaryDirectory()
    let fake: FakeOpencode
    private let client = localClient()
    private let scope: Scope
    private var logs: [EventLog] = []

    private init(_ change: (inout FakeSettings) -> Void) throws {
        directory.write("ref: refs/heads/main\n", to: ".git/HEAD")
        var settings = FakeSettings()
        settings.directory = directory.path
        change(&settings)
        scope = Scope("test") { name, error in Issue.record("\(name) let \(error) escape") }
        fake = FakeOpencode(settings, scope: scope)
        try fake.listen()
    }

    /// Runs a test under a deadline against hanging, and takes everything down after it.
    static func with(
        _ change: (inout FakeSettings) -> Void = { _ in }, _ body: @Loop (FakeBed) async throws -> Void
    ) async throws {
        let bed = try FakeBed(change)
        await Deadline.within(.seconds(60)) {
            do { try await body(bed) } catch { Issue.record(error) }
            for log in bed.logs { log.close() }
            await bed.client.close()
            await bed.fake.close()
            await bed.scope.close()
        }
        #expect(bed.client.liveTransfers == 0, "a transfer was left behind")
    }

    // MARK: requests

    struct Reply {
        let status: Int
        let headers: Headers
        let text: String
        var json: JSONValue? { if text.isEmpty { nil } else { parsed(text) } }
    }

    func send(_ method: Runtime.Method, _ path: String, _ body: String? = nil, headers: Headers = [:]) async throws
        -> Reply
    {
        var request = HTTPRequest(method, try WebAddress(fake.address + path), headers: headers)
        if let body { request.body = .bytes(Array(body.utf8)) }
        let answer = try await client.send(request)
        return Reply(status: answer.status, headers: answer.headers, text: try await answer.text())
    }

    func get(_ path: String) async throws -> Reply { try await send(.get, path) }

    func post(_ path: String, _ body: JSONValue = [:]) async throws -> Reply {
        try await send(.post, path, String(decoding: try JSON.encode(body), as: UTF8.self))
    }

    func session(_ body: JSONValue = ["title": "x"]) async throws -> String {
        let reply = try await post("/session", body)
        return try #require(reply.json?["id"]?.string)
    }

    static func prompt(_ text: String) -> JSONValue { ["parts": [["type": "text", "text": .string(text)]]] }

    /// Asks and waits for the answer.
    @discardableResult
    func ask(_ session: String, _ text: String) async throws -> Reply {
        try await post("/session/\(session)/message", FakeBed.prompt(text))
    }

    /// Asks and leaves.
    func start(_ session: String, _ text: String) async throws {
        let reply = try await post("/session/\(session)/prompt_async", FakeBed.prompt(text))
        #expect(reply.status == 204)
    }

    func inBackground(_ name: String, _ body: @escaping @Loop () async throws -> Void) { scope.spawn(name, body) }

    // MARK: events

    func events(_ path: String = "/event") async throws -> EventLog {
        let answer = try await client.send(HTTPRequest(.get, try WebAddress(fake.address + path)))
        #expect(answer.status == 200 && answer.headers["content-type"] == "text/event-stream")
        let log = EventLog(answer)
        logs.append(log)
        return log
    }

    /// Everything that was said up to now: an abort of no session says something to stop at.
    func settle(_ log: EventLog) async throws {
        _ = try await post("/session/ses_marker/abort")
        try await log.until { $0.sessionID == "ses_marker" && $0.kind == "session.idle" }
    }
}

/// A JSON text of the double's; a test that gets none sees null.
func parsed(_ text: String) -> JSONValue? {
    // The expectation at the caller shows what came instead.
    try? JSON.parse(text).value
}

/// What has come on one stream.
@Loop
final class EventLog {
    private(set) var events: [JSONValue] = []
    private let stream: ServerEvents
    private let body: HTTPBody

    init(_ answer: HTTPAnswer) {
        body = answer.body
        stream = answer.body.events()
    }

    func next() async throws -> JSONValue? {
        guard let event = try await stream.next() else { return nil }
        let value = try JSON.parse(event.data).value
        if let value { events.append(value) }
        return value
    }

    @discardableResult
    func until(_ condition: (JSONValue) -> Bool) async throws -> JSONValue {
        while let event = try await next() { if condition(event) { return event } }
        throw Fault(.unavailable, "the stream ended after \(events.suffix(3))")
    }

    @discardableResult
    func until(_ kind: String) async throws -> JSONValue { try await until { $0.kind == kind } }

    func untilEnd() async throws { while try await next() != nil {} }

    func forget() { events = [] }

    func close() { body.cancel() }
}

extension JSONValue {
    private var payload: JSONValue { self["payload"] ?? self }
    /// The type of an event.
    var kind: String { payload["type"]?.string ?? "" }
    var properties: JSONValue { payload["properties"] ?? .null }
    var sessionID: String? { properties["sessionID"]?.string }
}
