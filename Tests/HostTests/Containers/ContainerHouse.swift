import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

/// The whole program as a process in the engine's network, whose users have a container each.
@Loop
final class ContainerHouse {
    let docker: DockerBed
    let chat: ChatBed
    /// It only looks.
    let engine: DockerEngine
    /// Perigee's way to the engine, which can be taken away.
    private let socket: String
    private var questions = 0

    private init(_ docker: DockerBed, _ engine: DockerEngine, _ chat: ChatBed, _ socket: String) {
        self.docker = docker
        self.engine = engine
        self.chat = chat
        self.socket = socket
    }

    static func with(
        _ settings: [String] = [], within limit: Duration = .seconds(240),
        _ body: @Loop (ContainerHouse) async throws -> Void
    ) async throws {
        guard let docker = try await DockerBed.shared(for: "the program with users in containers") else { return }
        let directory = TemporaryDirectory()
        let socket = "\(directory.path)/docker.sock"
        #expect(symlink(docker.socket, socket) == 0)
        try await on(docker, by: socket, settings, within: limit, body)
    }

    /// Over an engine that runs without root, for a Perigee that is its user.
    static func rootless(_ body: @Loop (ContainerHouse) async throws -> Void) async throws {
        guard let docker = try await DockerBed.rootless(for: "the program over a rootless engine") else { return }
        do { try await on(docker, by: docker.socket, [], within: .seconds(240), body) } catch { Issue.record(error) }
        try await docker.close()
    }

    private static func on(
        _ docker: DockerBed, by socket: String, _ settings: [String], within limit: Duration,
        _ body: @Loop (ContainerHouse) async throws -> Void
    ) async throws {
        try await docker.image(ContainerBed.image, of: [Program.built("opencode")])
        let all = [
            "RUNNER_MODE=container", "RUNNER_IMAGE=\(ContainerBed.image)", "DOCKER_HOST=unix://\(socket)",
            "RUNNER_MEMORY=256MB", "RUNNER_PROCESSES=64", "PERIGEE_AGENT_PATIENCE=2s",
        ]
        let engine = try docker.engine()
        try await docker.inside {
            try await ChatBed.with(all + settings, launcher: docker.launcher, owner: docker.owner, within: limit) {
                chat in
                try await body(ContainerHouse(docker, engine, chat, socket))
            }
        }
        await clear(docker, engine)
    }

    /// What the program has left running, as it should.
    private static func clear(_ docker: DockerBed, _ engine: DockerEngine) async {
        do {
            for container in try await containers(engine) {
                try await docker.docker(["rm", "-f", container.id])
            }
            for network in try await networks(engine) {
                try await docker.docker(["network", "rm", network])
            }
        } catch {
            Issue.record(error, "cleaning up")
        }
        await engine.close()
    }

    // MARK: asking

    /// Each brings one along.
    static func key(of user: String) -> String { "sk-planted-\(user)-0123456789" }

    private func headers(_ user: String, in chat: String? = nil) -> [(String, String)] {
        questions += 1
        let place = ChatBed.openWebUI(chat: chat ?? "\(user)-\(questions)", message: "a\(questions)")
        let key = ContainerHouse.key(of: user)
        return place + [("X-OpenWebUI-User-Id", user), ("x-openpersona-openai-api-key", key)]
    }

    /// A turn in a new chat of that user.
    func ask(_ user: String, _ text: String) async throws -> ChatBed.Reply {
        try await chat.chat([text], headers: headers(user))
    }

    /// The same, whose answer is on its way.
    func begin(_ user: String, _ text: String) async throws -> LiveReply {
        LiveReply(try await open(user, text, in: nil))
    }

    private func open(_ user: String, _ text: String, in place: String?) async throws -> HTTPAnswer {
        let body: JSONValue = [
            "model": "open-persona/build", "stream": true, "messages": ChatBed.messages([text]),
        ]
        return try await chat.open(
            "/v1/chat/completions", try JSON.encode(body), headers: headers(user, in: place))
    }

    /// Runs lines of shell in the user's runner, as a tool of its agent, and gives what they printed.
    func run(_ script: String, for user: String) async throws -> String {
        let directory = directory(of: user)
        questions += 1
        let name = "probe-\(questions)"
        try PlainFile.write(script, to: "\(directory)/\(name).sh")
        let reply = try await ask(user, "bash sh \(name).sh > \(name).out 2>&1; say done")
        #expect(reply.error == nil, "\(reply.error ?? "")")
        return PlainFile.text("\(directory)/\(name).out")
    }

    /// What a program prints that talks to this server.
    func perigee(_ words: [String]) async throws -> Program.Result {
        try await Program.run(words + ["STATE_DIR=\(chat.state.path)"])
    }

    // MARK: looking

    func runner(of user: String) async throws -> JSONView {
        let id = Workspace.id(of: user)
        let all = try await chat.get("/mgmt/runners").json["runners"].elements.map { $0 }
        guard let own = all.first(where: { $0["workspace"].string == id }) else {
            throw Fault(.notFound, "\(user) has no runner")
        }
        return own
    }

    func container(of user: String) async throws -> DockerContainerDetails {
        try await engine.container(try #require(try await runner(of: user)["identity"].string))
    }

    func directory(of user: String) -> String {
        "\(chat.state.path)/workspaces/\(Workspace.id(of: user))"
    }

    /// Every runner that is there, whoever knows of it.
    func containers() async throws -> [DockerContainer] {
        try await ContainerHouse.containers(engine)
    }
    func networks() async throws -> [String] { try await ContainerHouse.networks(engine) }

    /// So many of both.
    func holds(_ count: Int) async throws -> Bool {
        let (there, nets) = (try await containers(), try await networks())
        return there.count == count && nets.count == count
    }

    private static func containers(_ engine: DockerEngine) async throws -> [DockerContainer] {
        try await engine.containers(all: true, labels: ["\(RunnerLabel.runner)=true"])
    }

    private static func networks(_ engine: DockerEngine) async throws -> [String] {
        try await engine.networks(labels: ["\(RunnerLabel.runner)=true"]).map(\.name)
    }

    // MARK: breaking

    /// The engine is killed, or frozen, while this runs.
    func during(_ fault: String, then cure: String, _ body: () async throws -> Void) async throws {
        try await docker.order(fault)
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await body()) } catch { outcome = .failure(error) }
        try await docker.order(cure)
        try outcome.get()
    }

    /// The socket that Perigee knows is not there while this runs.
    func withoutSocket(_ body: () async throws -> Void) async throws {
        #expect(unlink(socket) == 0)
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await body()) } catch { outcome = .failure(error) }
        #expect(symlink(docker.socket, socket) == 0)
        try outcome.get()
    }
}

/// An answer on its way, read as far as a test wants.
@Loop
final class LiveReply {
    private(set) var reply: ChatBed.Reply
    private let events: ServerEvents
    private let body: HTTPBody

    init(_ answer: HTTPAnswer) {
        reply = ChatBed.Reply(status: answer.status, run: answer.headers["x-perigee-run"])
        events = answer.body.events()
        body = answer.body
    }

    /// Returns when this text has come.
    func until(_ word: String) async throws {
        while !reply.body.contains(word) {
            guard let event = try await events.next() else {
                throw Fault(.internal, "the answer ended without \"\(word)\": \(reply.body)")
            }
            try reply.take(event)
        }
    }

    /// To its end.
    func whole() async throws -> ChatBed.Reply {
        while let event = try await events.next() { try reply.take(event) }
        return reply
    }

    func leave() { body.cancel() }
}

/// When Perigee is killed.
extension ContainerHouse: RunnerUsers {
    var bed: ChatBed { chat }

    func open(_ user: String, _ words: String, in chat: String) async throws -> HTTPAnswer {
        try await open(user, words, in: Optional(chat))
    }

    func stopRunner(of user: String) async throws {
        let id = Workspace.id(of: user)
        let all = try await chat.get("/mgmt/runners").json["runners"].elements.map { $0 }
        guard let name = all.first(where: { $0["workspace"].string == id })?["name"].string else { return }
        let reply = try await chat.post("/mgmt/runners/\(name)/stop", [:])
        #expect(reply.status == 200, "\(name): \(reply.body)")
    }

    func areWhole() async throws -> Bool {
        let known = try await chat.get("/mgmt/runners").json["runners"].elements.compactMap { $0["identity"].string }
        let (there, nets) = (try await containers(), try await networks())
        let names = there.map(\.name)
        return Set(there.map(\.id)) == Set(known) && nets.sorted() == names.sorted() && Set(names).count == names.count
    }

    func runnerCount() async throws -> Int { try await containers().count }

    func state() async throws -> String {
        let there = try await containers().map { "\($0.name) \($0.id.prefix(12)) \($0.isRunning)" }
        return "\(there); \(try await networks()); \(try await perigee(["runners"]).output)"
    }
}
