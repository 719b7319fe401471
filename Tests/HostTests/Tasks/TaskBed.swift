import Runtime
import Testing

@testable import Host

/// What came of one request.
struct TaskAnswer {
    let status: Int
    let headers: Headers
    let text: String

    var json: JSONView { get throws { try JSON.parse(text) } }
}

/// A backend that submits tasks to the whole program.
extension ChatBed {
    func call(
        _ method: Runtime.Method, _ path: String, _ body: [UInt8] = [], headers: [(String, String)] = []
    ) async throws -> TaskAnswer {
        var request = HTTPRequest(method, try address(path))
        if !body.isEmpty { request.body = .bytes(body) }
        request.guarding = .open
        for (name, value) in headers { request.headers.add(name, value) }
        let answer = try await client.send(request)
        return TaskAnswer(
            status: answer.status, headers: answer.headers,
            text: String(decoding: try await answer.body.collect(), as: UTF8.self))
    }

    func call(
        _ method: Runtime.Method, _ path: String, _ body: JSONValue, headers: [(String, String)] = []
    ) async throws -> TaskAnswer {
        try await call(method, path, try JSON.encode(body), headers: headers)
    }

    /// The execution's id.
    func submit(
        _ task: String, _ code: String, _ more: JSONObject = [:], headers: [(String, String)] = []
    ) async throws -> String {
        var body: JSONObject = ["task_id": .string(task), "code": .string(code)]
        for member in more { body[member.key] = member.value }
        let answer = try await call(.post, "/tasks/execute", .object(body), headers: headers)
        #expect(answer.status == 202, "\(answer.text)")
        return try #require(try answer.json["execution_id"].string)
    }

    func status(_ id: String, headers: [(String, String)] = []) async throws -> JSONView {
        try await call(.get, "/tasks/\(id)/status", headers: headers).json
    }

    func socket(_ path: String, headers: Headers = Headers()) async throws -> WebSocket {
        try await client.webSocket(
            to: WebAddress("ws://127.0.0.1:\(program.port)\(path)"), headers: headers, guarding: .open)
    }

    /// All messages of a task's stream, until it ends.
    func messages(_ id: String, _ query: String = "", headers: Headers = Headers()) async throws -> [TaskTold] {
        let socket = try await socket("/tasks/\(id)/stream\(query)", headers: headers)
        var told: [TaskTold] = []
        while case .text(let text)? = try await socket.next() { told.append(try TaskTold(JSON.parse(text))) }
        #expect(socket.closeCode == .normal)
        return told
    }

    /// The same as server-sent events.
    func taskEvents(_ id: String, _ query: String = "", lastEventID: String? = nil) async throws -> [TaskTold] {
        let headers = lastEventID.map { [("Last-Event-ID", $0)] } ?? []
        return try await events(at: "/tasks/\(id)/events\(query)", headers: headers).map { name, json in
            let told = try TaskTold(json)
            #expect(told.type == name)
            return told
        }
    }

    func events(at path: String, headers: [(String, String)] = []) async throws -> [(name: String, json: JSONView)] {
        var request = HTTPRequest(.get, try address(path))
        request.guarding = .open
        for (name, value) in headers { request.headers.add(name, value) }
        let answer = try await client.send(request)
        #expect(answer.status == 200)
        var told: [(String, JSONView)] = []
        let events = answer.body.events()
        while let event = try await events.next() { told.append((event.name, try JSON.parse(event.text))) }
        return told
    }

    func until(_ what: String, _ holds: () async throws -> Bool) async throws {
        while try await !holds() { try await Loop.sleep(for: .milliseconds(10)) }
    }
}

/// One message of a stream.
struct TaskTold: Equatable {
    let type: String
    let data: String
    let timestamp: String
    let seq: Int
    let json: JSONValue

    init(_ view: JSONView) throws {
        type = try #require(view["type"].string)
        data = try #require(view["data"].string)
        timestamp = try #require(view["timestamp"].string)
        seq = try #require(view["seq"].integer)
        json = try #require(view.value)
    }
}

extension [TaskTold] {
    var output: String { filter { $0.type == "stdout" }.map(\.data).joined() }
    /// The words that it went through.
    var states: [String] { filter { $0.json["state"] != nil && $0.json["reason"] != nil }.map(\.data) }
}
