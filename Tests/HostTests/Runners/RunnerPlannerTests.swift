import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("what a runner is to be")
@Loop
struct RunnerPlannerTests {
    private let directory = TemporaryDirectory()
    private let workspace = Workspace(
        id: "0123456789abcdef", user: "ann", directory: "/w/0123456789abcdef", keySignature: "aabbccdd",
        keyNames: ["openai"])

    private func planner(_ decision: JSONObject, allowed: [String] = []) -> RunnerPlanner {
        directory.write("x", to: "state/file")
        directory.write("x", to: "shared/docs/file")
        return RunnerPlanner(
            .container, RunnerDefaults(image: "opencode:1", network: "net"),
            policy: RunnerPolicy(generation: { 1 }) { facts in
                #expect(facts["mode"] == "container" && facts["image"] == "opencode:1" && facts["user"] == "ann")
                return Decision(hook: "runner", value: .object(decision), generation: 1)
            }, mounts: MountRules(allowed: allowed, guarded: ["\(directory.path)/state"]),
            privateRoot: "\(directory.path)/state/runners"
        ) { _ in ["OPENAI_API_KEY": Secret("sk-1")] }
    }

    private func spec(_ decision: JSONObject, allowed: [String] = []) async throws -> RunnerSpec {
        try await planner(decision, allowed: allowed).spec(for: workspace)
    }

    @Test("what the hook leaves out is as configured")
    func defaults() async throws {
        let spec = try await spec([:])
        #expect(spec.name == "open-persona-runner-0123456789abcdef-aabbccdd")
        #expect(spec.image == "opencode:1" && spec.network == "net" && spec.limits == RunnerLimits())
        #expect(spec.privateDirectory == "\(directory.path)/state/runners/0123456789abcdef/aabbccdd")
        #expect(spec.secrets == ["OPENAI_API_KEY": Secret("sk-1")] && spec.mounts.isEmpty)
        #expect(spec.idleTimeout == .seconds(1800) && spec.startTimeout == .seconds(60))
    }

    @Test("what it says is taken, and makes another mark where it matters")
    func decided() async throws {
        let plain = try await spec([:])
        let other = try await spec([
            "image": "mine:2", "command": ["opencode", "serve"], "env": ["PROXY": "http://p"], "network": "own",
            "limits": ["memory": "4GB", "cpus": 0.5, "processes": 99, "disk": 1000], "idle_timeout": "2h",
            "start_timeout": 5,
        ])
        #expect(other.image == "mine:2" && other.command == ["opencode", "serve"] && other.network == "own")
        #expect(other.environment["PROXY"] == "http://p")
        #expect(other.limits == RunnerLimits(memory: 4 << 30, cpus: 0.5, processes: 99, disk: 1000))
        #expect(other.idleTimeout == .seconds(7200) && other.startTimeout == .seconds(5))
        #expect(other.signature != plain.signature)
        #expect(try await spec(["idle_timeout": "1h"]).signature == plain.signature, "no reason to start it anew")
        let changes: [JSONObject] = [
            ["image": "x"], ["command": ["x"]], ["env": ["A": "b"]], ["network": "x"], ["limits": ["memory": "1GB"]],
            ["limits": ["cpus": 1]], ["limits": ["processes": 17]], ["limits": ["disk": "1GB"]],
        ]
        for change in changes {
            #expect(try await spec(change).signature != plain.signature, "\(change)")
        }
    }

    @Test(
        "variables of the host are not the hook's to set",
        arguments: ["HOME", "XDG_DATA_HOME", "PERIGEE_RUNNER", "OPENCODE_SERVER_PASSWORD", "", "A=B"])
    func environment(_ name: String) async throws {
        let fault = await #expect(throws: Fault.self) { _ = try await spec(["env": [name: "x"]]) }
        #expect(fault?.kind == .invalidInput)
    }

    private func mounts(_ source: String, on target: String = "/docs", _ allowed: [String]) async throws
        -> [RunnerMount]
    {
        let wanted: JSONValue = [["source": .string(source), "target": .string(target), "read_only": true]]
        return try await spec(["mounts": wanted], allowed: allowed).mounts
    }

    @Test("only what is allowed is mounted, by where it really is")
    func mounted() async throws {
        let root = directory.path
        directory.write("x", to: "shared/docs/file")
        #expect(
            try await mounts("\(root)/shared/docs", ["\(root)/shared"])
                == [RunnerMount(source: "\(root)/shared/docs", target: "/docs", isReadOnly: true)])
        #expect(try await mounts("cache", ["cache"]).map(\.source) == ["cache"])
        symlink("\(root)/state", "\(root)/shared/link")
        let refused = [
            ("\(root)/shared/docs", [String]()), ("\(root)/shared/docs", ["\(root)/shared/do"]),
            ("\(root)/shared/link", ["\(root)/shared"]), ("\(root)/state", [root]), (root, [root]),
            ("\(root)/shared/../state", [root]), ("\(root)/none", [root]), ("\(root)/shared/docs/file", [root]),
            ("volume", ["other"]), ("", [root]),
        ]
        for (source, allowed) in refused {
            await #expect(throws: Fault.self, "\(source) of \(allowed)") { _ = try await mounts(source, allowed) }
        }
    }

    @Test(
        "nothing is mounted over the workspace", arguments: ["/", "/w", "/w/0123456789abcdef", "docs", "/a/../w", ""])
    func covering(_ target: String) async throws {
        let root = directory.path
        directory.write("x", to: "shared/docs/file")
        await #expect(throws: Fault.self) {
            _ = try await mounts("\(root)/shared/docs", on: target, ["\(root)/shared"])
        }
        #expect(try await mounts("\(root)/shared/docs", on: "/w/other", ["\(root)/shared"]).count == 1)
    }
}
