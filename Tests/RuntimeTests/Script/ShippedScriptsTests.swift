import Glibc
import LuaBridge
import TestSupport
import Testing

@testable import Runtime

/// The scripts that come with Perigee, as a server would load them.
@Suite("shipped scripts")
@Loop
struct ShippedScriptsTests {
    private nonisolated static let root = TestEnvironment.fixture("../../scripts")

    private func withGeneration(_ body: @Loop (Generation) async throws -> Void) async throws {
        try await ShippedScriptsTests.withGeneration(body)
    }

    static func withGeneration(_ body: @Loop (Generation) async throws -> Void) async throws {
        let table = HostTable(modules(bareWorld()))
        let set = ScriptSources(shipped: root, overlay: nil).read()
        let builder = GenerationBuilder(
            number: 1, set: set, table: table, limits: ScriptLimits(), cache: CodeCache(), now: 0)
        do {
            let generation = try await builder.build()
            defer { generation.retire() }
            try await body(generation)
        } catch let failure as GenerationBuilder.Failure {
            Issue.record("\(failure.problems.map(\.description).joined(separator: "\n"))")
        }
    }

    private static func modules(_ world: World) -> [HostModule] {
        [
            .host(world), .http(world), .process(world), .json(), .crypto(world), .time(world), .log(world),
            .metrics(world), .config(world), .store(world), .fs(world), .jobs(NoJobs()),
            .runs(FakeRuns(clock: world.clock)), .workspaces(FakeWorkspaces(clock: world.clock)),
            .runners(FakeRunners(clock: world.clock)), .disk(FakeDisk(clock: world.clock)),
            .users(FakeUsers(clock: world.clock)),
            .git(FakeGit(clock: world.clock)), .repos(FakeGit(clock: world.clock)),
        ]
    }

    @Test("all of them load, each kind with what it declares")
    func load() async throws {
        try await withGeneration { generation in
            #expect(
                generation.personas.map(\.name) == ["build", "grant-draft", "izzy", "plan", "reviewer", "scribe"])
            #expect(generation.integrations.map(\.name) == ["instrumentl", "notes"])
            #expect(
                Set(generation.jobs.map(\.name)) == [
                    "branches", "chats", "digest", "heartbeat", "morning", "orphans", "retention", "runners", "runs",
                    "snapshots", "trash", "values", "watermark", "workspaces", "worktrees",
                ])
            #expect(generation.routes.map(\.pattern) == ["/jobs/health"])
            for hook in [
                "identify", "classify", "persona", "place", "quota", "opencode_config", "render", "permission", "leave",
                "recover",
                "reconcile", "push", "finished",
            ] {
                #expect(generation.has(hook), "\(hook)")
            }
        }
    }

    @Test("what identify decides is good for every mixture of facts")
    func identities() async throws {
        try await withGeneration { generation in
            for (facts, source) in ShippedScriptsTests.arrivals {
                try Shape.record(Contract.arrival).check(facts)
                let identity = try await generation.decide("identify", facts)
                #expect(identity?["source"]?.string == source, "\(facts) gave \(String(describing: identity))")
                #expect((identity?["refuse"] == nil) == (source != nil))
            }
        }
    }

    /// Facts, and where the user is read from; nil for a refusal.
    private static var arrivals: [(LuaValue, String?)] {
        let claims: LuaValue = ["sub": "ann", "name": "Ann"]
        let speaker: LuaValue = ["id": "k", "user": "webui", "scopes": ["speak-for"]]
        let header: LuaValue = ["x-openwebui-user-id": "ann"]
        return [
            (arrival([:]), nil), (arrival(["allows_anonymous": true]), "anonymous"),
            (arrival(["headers": header, "body_user": "ann"]), nil),
            (arrival(["headers": header, "key": speaker]), "header"),
            (arrival(["body_user": "ann", "key": speaker]), "body"),
            (arrival(["key": speaker]), "key"), (arrival(["claims": claims, "wants_jwt": true]), "jwt"),
            (arrival(["headers": header, "key": speaker, "wants_jwt": true]), nil),
            (arrival(["key": speaker, "wants_jwt": true]), "key"),
            (arrival(["key": speaker, "unread_token": true]), nil),
            (arrival(["claims_error": "it has expired", "key": speaker]), nil),
        ]
    }

    private static func arrival(_ changes: [LuaKey: LuaValue]) -> LuaValue {
        let base: [LuaKey: LuaValue] = [
            "door": "openai", "method": "POST", "path": "/v1/chat/completions", "headers": [:],
            "wants_jwt": false, "allows_anonymous": false,
            "peer": ["address": "203.0.113.9", "loopback": false, "trusted": false],
        ]
        return .table(base.merging(changes) { $1 })
    }

    @Test("a side call is told from a turn, and the decision is good")
    func classes() async throws {
        try await withGeneration { generation in
            let title = "### Task:\nGenerate a concise title summarizing the chat history."
            for (text, kind) in [(title, "background"), ("What is in this file?", "turn")] {
                let facts = ShippedScriptsTests.request(text)
                try Shape.record(Contract.request).check(facts)
                #expect(try await generation.decide("classify", facts)?["kind"]?.string == kind)
            }
        }
    }

    private static func request(_ text: String) -> LuaValue {
        [
            "door": "openai", "user": ["key": "ann", "source": "key"], "model": "open-persona/build",
            "messages": [["role": "user", "text": .string(text)]], "stream": false, "has_tools": false,
            "meta": [:], "extra": [:], "headers": [:],
        ]
    }

    @Test("each begins with its purpose, is under 150 lines of at most 120 columns, and has a spec beside it")
    func house() throws {
        let set = ScriptSources(shipped: ShippedScriptsTests.root, overlay: nil).read()
        #expect(set.problems.isEmpty)
        #expect(set.files.count >= 10)
        for file in set.files {
            let lines = String(decoding: file.text, as: UTF8.self).split(
                separator: "\n", omittingEmptySubsequences: false)
            #expect(lines[0].hasPrefix("--- ") && ".?".contains(lines[0].last ?? " "), "\(file.name)")
            #expect(lines.count <= 151, "\(file.name)")
            #expect(!lines.contains { $0.count > 120 || $0.contains("\t") || $0.last == " " }, "\(file.name)")
            let spec = "\(file.path.dropLast(4))_spec.lua"
            #expect(access(spec, R_OK) == 0, "\(spec)")
        }
    }
}

/// Nothing is scheduled.
private final class NoJobs: WorldJobs {
    private let nothing = Fault(.notFound, "there are no jobs here")

    func list() -> [JobState] { [] }
    func get(_ name: String) throws -> JobState { throw nothing }
    func run(_ name: String, plansOnly: Bool) async throws -> Int64 { throw nothing }
    func history(_ name: String?, limit: Int) async throws -> [JobRecord] { [] }
    func pause(_ name: String) async throws { throw nothing }
    func resume(_ name: String) async throws { throw nothing }
    func plans(of job: String?, limit: Int) async throws -> [PlanRecord] { [] }
}
