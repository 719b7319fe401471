import FakeOpencode
import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

/// The whole program as a process, with a double of opencode behind it and a chat client before it.
@Loop
final class ChatBed {
    let state: TemporaryDirectory
    let fake: FakeOpencode
    private(set) var program: RunningProgram
    private let settings: [String]
    private let environment: [String: String]
    private let launcher: [String]
    private let scope: Scope
    let client = HTTPClient()
    /// What has been logged by programs that have ended.
    private(set) var log = ""

    /// One answer of the chat API.
    struct Reply {
        var status = 0
        /// Everything that came, `[DONE]` left out.
        var chunks: [JSONView] = []
        var body = ""
        var ends = 0
        var run: String?

        mutating func take(_ event: ServerEvent) throws {
            let text = event.text
            body += text + "\n"
            if text == "[DONE]" { ends += 1 } else { chunks.append(try JSON.parse(text)) }
        }

        var text: String {
            chunks.compactMap {
                $0["choices"][0]["delta"]["content"].string ?? $0["choices"][0]["message"]["content"].string
            }
            .joined()
        }
        var finishes: [String] { chunks.compactMap { $0["choices"][0]["finish_reason"].string } }
        var usages: Int { chunks.count { $0["usage"].exists && !$0["usage"].isNull } }
        var error: String? { chunks.lazy.compactMap { $0["error"]["message"].string }.first }
        var items: [JSONView] { chunks.filter { $0["type"].exists }.map { $0["item"] } }
        var call: JSONView? { chunks.lazy.map { $0["choices"][0]["delta"]["tool_calls"][0] }.first { $0.exists } }
    }

    /// `environment` is for what must not stand in anybody's argv, `launcher` for where the program is to be, `owner` for who
    /// it is there.
    static func with(
        _ settings: [String] = [], environment: [String: String] = [:], launcher: [String] = [],
        owner: uid_t? = nil, within limit: Duration = .seconds(90),
        fake change: (inout FakeSettings) -> Void = { _ in },
        _ body: @Loop (ChatBed) async throws -> Void
    ) async throws {
        let state = TemporaryDirectory()
        if let owner { #expect(chown(state.path, owner, owner) == 0) }
        let scope = Scope("test") { name, error in Issue.record("\(name) let \(error) escape") }
        var fakeSettings = FakeSettings()
        fakeSettings.directory = state.path
        change(&fakeSettings)
        let fake = FakeOpencode(fakeSettings, scope: scope)
        try fake.listen()
        let all = ["OPENCODE_BASE_URL=\(fake.address)", "LOG_LEVEL=debug"] + settings
        let program = try await RunningProgram.start(
            state: state.path, settings: all, environment: environment, launcher: launcher)
        let bed = ChatBed(state, fake, program, all, environment, launcher, scope)
        await Deadline.within(limit) {
            do { try await body(bed) } catch { Issue.record(error) }
            await Deadline.lifted { await bed.close() }
        }
    }

    private init(
        _ state: TemporaryDirectory, _ fake: FakeOpencode, _ program: RunningProgram, _ settings: [String],
        _ environment: [String: String], _ launcher: [String], _ scope: Scope
    ) {
        self.state = state
        self.fake = fake
        self.program = program
        self.settings = settings
        self.environment = environment
        self.launcher = launcher
        self.scope = scope
    }

    private func close() async {
        await client.close()
        do { #expect(try await end() == .exited(0), "\(log.suffix(4000))") } catch { Issue.record(error) }
        await fake.close()
        await scope.close()
    }

    @discardableResult
    func end(_ signal: Int32 = 15) async throws -> ChildEnd {
        let ended = try await program.end(signal)
        log += ended.log
        return ended.end
    }

    /// The same state and settings again.
    func start() async throws {
        program = try await RunningProgram.start(
            state: state.path, settings: settings, environment: environment, launcher: launcher)
    }

    // MARK: asking

    /// As Open WebUI sends a turn: where it stands in its chat.
    static func openWebUI(
        chat: String = "c1", message: String, user: String = "u1", parent: String = "", task: String = "",
        model: String = ""
    ) -> [(String, String)] {
        [
            ("X-OpenWebUI-Chat-Id", chat), ("X-OpenWebUI-Message-Id", message), ("X-OpenWebUI-User-Message-Id", user),
            ("X-OpenWebUI-User-Message-Parent-Id", parent), ("X-OpenWebUI-Task", task),
            ("X-OpenWebUI-Model-Id", model),
        ]
    }

    static func messages(_ texts: [String]) -> JSONValue {
        .array(
            texts.enumerated().map { index, text in
                ["role": index % 2 == 0 ? "user" : "assistant", "content": .string(text)]
            })
    }

    func chat(
        _ texts: [String], headers: [(String, String)] = [], stream: Bool = true, _ more: JSONObject = [:]
    ) async throws -> Reply {
        var body: JSONObject = [
            "model": "open-persona/build", "stream": .bool(stream), "messages": Self.messages(texts),
            "stream_options": ["include_usage": true],
        ]
        for field in more { body[field.key] = field.value }
        return try await post("/v1/chat/completions", body, headers: headers)
    }

    func post(_ path: String, _ body: JSONObject, headers: [(String, String)] = []) async throws -> Reply {
        try await reply(to: try await open(path, try JSON.encode(JSONValue.object(body)), headers: headers))
    }

    /// An answer on its way; dropping it is a client that leaves.
    func open(_ path: String, _ body: [UInt8], headers: [(String, String)] = []) async throws -> HTTPAnswer {
        var request = HTTPRequest(.post, try address(path), body: .bytes(body))
        request.guarding = .open
        request.headers.add("Content-Type", "application/json")
        for (name, value) in headers { request.headers.add(name, value) }
        return try await client.send(request)
    }

    func put(_ path: String, _ body: JSONObject) async throws -> (status: Int, json: JSONView) {
        var request = HTTPRequest(
            .put, try address(path), headers: ["Content-Type": "application/json"],
            body: .bytes(try JSON.encode(JSONValue.object(body))))
        request.guarding = .open
        let answer = try await client.send(request)
        return (answer.status, try JSON.parse(try await answer.body.collect()))
    }

    func get(_ path: String, headers: [(String, String)] = []) async throws -> (status: Int, json: JSONView) {
        let answer = try await text(path, headers: headers)
        return (answer.status, try JSON.parse(answer.text))
    }

    func text(_ path: String, headers: [(String, String)] = []) async throws -> (status: Int, text: String) {
        let answer = try await begin(path, headers)
        return (answer.status, String(decoding: try await answer.body.collect(), as: UTF8.self))
    }

    private func begin(_ path: String, _ headers: [(String, String)]) async throws -> HTTPAnswer {
        var request = HTTPRequest(.get, try address(path))
        request.guarding = .open
        for (name, value) in headers { request.headers.add(name, value) }
        return try await client.send(request)
    }

    func reply(to answer: HTTPAnswer) async throws -> Reply {
        var reply = Reply(status: answer.status, run: answer.headers["x-perigee-run"])
        guard answer.headers["content-type"]?.hasPrefix("text/event-stream") == true else {
            let bytes = try await answer.body.collect()
            reply.body = String(decoding: bytes, as: UTF8.self)
            reply.chunks = [try JSON.parse(bytes)]
            return reply
        }
        let events = answer.body.events()
        while let event = try await events.next() { try reply.take(event) }
        return reply
    }

    func address(_ path: String) throws -> WebAddress {
        try WebAddress("http://127.0.0.1:\(program.port)\(path)")
    }

    /// All that a run has told and will tell.
    func events(of run: String, headers: [(String, String)] = []) async throws -> ServerEvents {
        try await begin("/mgmt/runs/\(run)/events", headers).body.events()
    }

    /// A figure of the program's own, the sum over all labels.
    func figure(_ name: String) async throws -> Int {
        let lines = try await text("/metrics").text.split(separator: "\n")
        return lines.filter { $0.hasPrefix("\(name) ") || $0.hasPrefix("\(name){") }.reduce(0) {
            $0 + (Double($1.split(separator: " ").last ?? "").map { Int($0) } ?? 0)
        }
    }

    /// Follows a run to its end, answers what it asks about itself with "Leave it", and gives its state.
    func outcome(of run: String) async throws -> String {
        let events = try await events(of: run)
        while let event = try await events.next() {
            let ask = try JSON.parse(event.text)["ask"]
            guard ask["kind"].equals("recovery"), let id = ask["id"].string else { continue }
            // One that the log tells of may be settled long since.
            _ = try await post("/mgmt/runs/\(run)/asks/\(id)", ["verdict": "answered", "answers": [["Leave it"]]])
        }
        return try await get("/mgmt/runs/\(run)").json["state"].string ?? ""
    }
}
