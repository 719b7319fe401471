import LuaBridge
import Testing

@testable import Runtime

@Suite("plan lists")
@Loop
struct PlanListTests {
    private func fill(_ text: String) async throws -> PlanList {
        let list = PlanList(kinds: ["trash", "job_run"])
        let harness = try ModuleHarness()
        try await harness.run("local add = ... " + text, list.add)
        return list
    }

    private func mistake(_ text: String) async throws -> String {
        let list = PlanList(kinds: ["trash", "job_run"])
        let harness = try ModuleHarness()
        let function = try harness.state.load("local add = ... " + text, script: "test.lua")
        let error = await #expect(throws: LuaError.self) { _ = try await harness.state.call(function, list.add) }
        #expect(list.entries.isEmpty || text.contains("twice"))
        return error.map { "\($0)" } ?? ""
    }

    @Test("items are taken down in order, with what they say of themselves")
    func entries() async throws {
        let list = try await fill(
            """
            add.keep({ kind = "tree", id = "t", label = "a tree" }, "it is green")
            add.remove({ kind = "trash", id = "x", bytes = 12, stamp = 34.5, path = "/x" }, "old")
            add.remove({ kind = "job_run", id = 7 }, "older")
            """)
        #expect(
            list.entries == [
                PlanEntry(action: .keep, kind: "tree", id: "t", label: "a tree", reason: "it is green"),
                PlanEntry(action: .remove, kind: "trash", id: "x", reason: "old", bytes: 12, stamp: "34.5"),
                PlanEntry(action: .remove, kind: "job_run", id: "7", reason: "older"),
            ])
        #expect(list.entries[1].label == "x")
    }

    @Test(
        "a wrong item is a mistake that says what is wrong with it",
        arguments: [
            ("add.remove()", "bad argument #1 'item' to 'add.remove'"),
            ("add.remove({ id = 'x' }, 'old')", "field 'kind' is missing"),
            ("add.remove({ kind = 'trash' }, 'old')", "field 'id' is missing"),
            ("add.remove({ kind = 'trash', id = '' }, 'old')", "not empty"),
            ("add.remove({ kind = 'trash', id = '\\xff' }, 'old')", "valid UTF-8"),
            ("add.remove({ kind = 'trash', id = 'x' })", "bad argument #2 'reason'"),
            ("add.remove({ kind = 'trsh', id = 'x' }, 'old')", "did you mean \"trash\"?"),
            ("add.remove({ kind = 'castle', id = 'x' }, 'old')", "known kinds are job_run, trash"),
            ("add.remove({ kind = 'trash', id = 'x', bytes = -1 }, 'old')", "bytes"),
            ("local twice = { kind = 'trash', id = 'x' } add.keep(twice, 'a') add.remove(twice, 'b')", "already"),
        ])
    func mistakes(text: String, message: String) async throws {
        let found = try await mistake(text)
        #expect(found.contains(message), "\(found)")
    }

    @Test("add is of no use after its plan")
    func afterwards() async throws {
        let harness = try ModuleHarness()
        var list: PlanList? = PlanList(kinds: ["trash"])
        try await harness.run("kept = ...", list!.add)
        list = nil
        #expect(await harness.mistake("kept.keep({ kind = 'a', id = 'b' }, 'c')").contains("after `plan` has ended"))
    }

    @Test("what `run` returns becomes a line of the history")
    func answers() {
        let cases: [([LuaValue], String, Bool)] = [
            ([], "", false), ([.nil], "", false), (["3 sent"], "3 sent", false), ([7], "7", false),
            ([["message": "fine"]], "fine", false), ([["sent": 3]], #"{"sent":3}"#, false),
            ([.nil, "no luck"], "no luck", true), ([false, ["message": "no luck"]], "no luck", true),
            ([.nil, .nil], "", false), ([true], "", false),
        ]
        for (results, message, isFailure) in cases {
            let answer = JobAnswer(results)
            #expect(answer.message == message && answer.isFailure == isFailure, "\(results)")
        }
    }
}
