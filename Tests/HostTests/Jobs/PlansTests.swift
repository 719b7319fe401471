import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("gc plans")
@Loop
struct PlansTests {
    /// Three books, of which the list removes two.
    private func library() async throws -> JobsHarness {
        let house = JobsHarness(now: 0)
        house.shelf.books = ["a": 100, "b": 20, "c": 3]
        try await house.open()
        house.jobs.adopt([try house.gc { try Self.fill($0) }], generation: 1)
        return house
    }

    private static func fill(_ list: PlanList) throws {
        try list.put(PlanEntry(action: .remove, kind: "book", id: "a", reason: "unread", bytes: 100))
        try list.put(PlanEntry(action: .keep, kind: "book", id: "b", reason: "lent"))
        try list.put(PlanEntry(action: .remove, kind: "book", id: "c", label: "C.", reason: "torn", bytes: 3))
    }

    private func plan(_ house: JobsHarness) async throws -> Int64 {
        _ = try await house.jobs.run("shelf", plansOnly: true)
        try await house.settle()
        return try #require(house.jobs.get("shelf").last?.plan)
    }

    private func outcomes(_ house: JobsHarness, _ id: Int64) async throws -> [String] {
        try await house.jobs.plans.items(of: id, after: 0, limit: 100).map {
            "\($0.entry.id) \($0.outcome?.rawValue ?? "–")\($0.message.isEmpty ? "" : ": \($0.message)")"
        }
    }

    @Test("a plan alone removes nothing, and shows each item with its reason")
    func planOnly() async throws {
        let house = try await library()
        let id = try await plan(house)
        #expect(house.shelf.books.count == 3)
        let plan = try await house.jobs.plans.get(id)
        #expect(plan.state == .open && plan.removes == 2 && plan.keeps == 1 && plan.bytes == 103 && plan.job == "shelf")
        let items = try await house.jobs.plans.items(of: id, after: 0, limit: 100)
        #expect(items.map(\.entry.reason) == ["unread", "lent", "torn"] && items[2].entry.label == "C.")
        #expect(try house.jobs.get("shelf").last?.message == "would remove 2, keeps 1")
        await house.close()
    }

    @Test("a scheduled run makes its plan and applies it at once")
    func scheduled() async throws {
        let house = try await library()
        try await house.go(to: 600)
        let last = try #require(house.jobs.get("shelf").last)
        #expect(last.outcome == .succeeded && last.message == "removed 2, skipped 0, kept 1, freed 103")
        #expect(house.shelf.books == ["b": 20])
        let plan = try await house.jobs.plans.get(try #require(last.plan))
        #expect(plan.state == .applied && plan.removed == 2 && plan.freed == 103)
        await house.close()
    }

    @Test("exactly what the plan says is removed, and only once")
    func applyTwice() async throws {
        let house = try await library()
        let id = try await plan(house)
        house.shelf.books["d"] = 1
        try await house.jobs.plans.startApplying(id)
        try await house.settle()
        #expect(house.shelf.removals == ["a", "c"] && house.shelf.books == ["b": 20, "d": 1])
        house.shelf.books["a"] = 5
        let again = await #expect(throws: Fault.self) { try await house.jobs.plans.startApplying(id) }
        #expect(again?.kind == .conflict && again?.message == "plan \(id) has been applied already")
        #expect(house.shelf.books["a"] == 5)
        let unknown = await #expect(throws: Fault.self) { try await house.jobs.plans.startApplying(99) }
        #expect(unknown?.kind == .notFound)
        await house.close()
    }

    @Test("each item is looked at again, and what has changed stays, with the reason why")
    func recheck() async throws {
        let house = try await library()
        let id = try await plan(house)
        house.shelf.reasons["a"] = "somebody reads it"
        house.shelf.books["c"] = nil
        try await house.jobs.plans.startApplying(id)
        try await house.settle()
        #expect(
            try await outcomes(house, id) == ["a skipped: somebody reads it", "b –", "c skipped: it is gone already"])
        #expect(house.shelf.removals.isEmpty)
        let plan = try await house.jobs.plans.get(id)
        #expect(plan.state == .applied && plan.skipped == 2 && plan.freed == 0)
        await house.close()
    }

    @Test("what cannot be removed fails by itself, and the run says so")
    func failures() async throws {
        let house = try await library()
        house.shelf.glued = ["a"]
        try await house.go(to: 600)
        let last = try #require(house.jobs.get("shelf").last)
        #expect(last.outcome == .failed && last.message.hasPrefix("1 of 2 items could not be removed"))
        #expect(try await outcomes(house, last.plan!) == ["a failed: a is glued to the shelf", "b –", "c removed"])
        await house.close()
    }

    @Test("two who apply one plan at once do not both get it")
    func race() async throws {
        let house = try await library()
        let id = try await plan(house)
        house.shelf.stopsAt = "a"
        try await house.jobs.plans.startApplying(id)
        try await house.settle()
        let second = await #expect(throws: Fault.self) { try await house.jobs.plans.startApplying(id) }
        #expect(second?.kind == .conflict && second?.message == "plan \(id) is being applied already")
        house.shelf.goOn()
        try await house.settle()
        #expect(house.shelf.removals == ["a", "c"])
        await house.close()
    }

    @Test("a plan whose process was killed is gone on with, and nothing is removed twice")
    func killed() async throws {
        let house = try await library()
        let id = try await plan(house)
        house.shelf.stopsAt = "c"
        try await house.jobs.plans.startApplying(id)
        try await house.settle()
        #expect(house.shelf.removals == ["a"])
        await house.kill()
        house.shelf.goOn()

        try await house.open()
        house.jobs.adopt([try house.gc { try Self.fill($0) }], generation: 1)
        let left = try await house.jobs.plans.get(id)
        #expect(left.state == .applying && !house.jobs.plans.active.contains(id))
        try await house.jobs.plans.startApplying(id)
        try await house.settle()
        #expect(try await outcomes(house, id) == ["a removed: removed before the interruption", "b –", "c removed"])
        #expect(house.shelf.removals == ["a", "c"])
        #expect(try await house.jobs.plans.get(id).state == .applied)
        await house.close()
    }

    @Test("orderly shutdown in the middle writes down what was done")
    func stopped() async throws {
        let house = try await library()
        let id = try await plan(house)
        house.shelf.stopsAt = "c"
        try await house.jobs.plans.startApplying(id)
        try await house.settle()
        await house.close()
        house.shelf.goOn()
        try await house.open()
        #expect(try await outcomes(house, id) == ["a removed", "b –", "c removing"])
        #expect(try await house.jobs.plans.get(id).freed == 100)
        await house.close()
    }

    @Test("a plan is too old to be applied after a day")
    func old() async throws {
        let house = try await library()
        let id = try await plan(house)
        house.clock.milliseconds += 86_400_001
        #expect(try await house.jobs.plans.get(id).state == .expired)
        #expect(try await house.jobs.plans(of: nil, limit: 5).map(\.state) == [.expired])
        let fault = await #expect(throws: Fault.self) { try await house.jobs.plans.startApplying(id) }
        #expect(fault?.kind == .conflict && fault?.message == "plan \(id) is older than a day")
        await house.close()
    }

    @Test("ten thousand items are stored and removed while the loop goes on")
    func large() async throws {
        let house = JobsHarness(now: 0)
        try await house.open()
        for number in 0..<10_000 { house.shelf.books["book \(number)"] = 1 }
        house.jobs.adopt(
            [
                try house.gc { list in
                    for number in 0..<10_000 {
                        try list.put(PlanEntry(action: .remove, kind: "book", id: "book \(number)", reason: "many"))
                    }
                }
            ], generation: 1)
        house.clock.set(600)
        var turns = 0
        try await house.until("the end") {
            turns += 1
            return house.jobs.runningCount == 0
        }
        #expect(turns > 200, "others had their turns meanwhile")
        #expect(house.shelf.books.isEmpty && house.shelf.removals.count == 10_000)
        let plan = try await house.jobs.plans(of: "shelf", limit: 1)[0]
        #expect(plan.state == .applied && plan.removed == 10_000 && plan.freed == 10_000)
        #expect(try await house.jobs.plans.items(of: plan.id, after: 9_990, limit: 100).count == 10)
        await house.close()
    }

    @Test("a plan that was only half written is gone after a kill")
    func halfWritten() async throws {
        let house = try await library()
        try await house.store.write { transaction in
            let id = try transaction.one(PlansQueries.begin, "shelf", 1, 0, 1, 0, 0)
            try transaction.run(
                PlansQueries.add, id, 1, PlanEntry.Action.remove, "book", "a", "a", "x", Int64?.none, String?.none,
                Int64?.none)
        }
        #expect(try await house.jobs.plans(of: nil, limit: 5).isEmpty, "and nobody sees it before")
        await house.kill()
        try await house.open()
        #expect(try await house.store.read { try $0.one(PlansQueries.newest) } == 0)
        await house.close()
    }

    @Test("fifty plans of a job are kept")
    func kept() async throws {
        let house = try await library()
        for step: Int64 in 1...55 { try await house.go(to: step * 600) }
        let plans = try await house.jobs.plans(of: "shelf", limit: 100)
        #expect(plans.count == 50 && plans.first?.id == 55 && plans.last?.id == 6)
        await house.close()
    }

    @Test("runs and plans are items themselves: the newest and what is under way stay")
    func ownTargets() async throws {
        let house = try await library()
        for step: Int64 in 1...3 { try await house.go(to: step * 600) }
        let open = try await plan(house)
        let runs = JobRunTarget(house.store)
        let plans = PlanTarget(house.store)
        func item(_ id: Int64) -> PlanEntry { PlanEntry(action: .remove, kind: "x", id: "\(id)", reason: "") }
        #expect(try await runs.check(item(1)) == .removable)
        #expect(try await runs.check(item(4)) == .stays("it is the newest of its job"))
        #expect(try await runs.check(item(99)) == .gone)
        #expect(try await plans.check(item(1)) == .removable)
        #expect(try await plans.check(item(open)) == .stays("it is the newest plan"))
        _ = try await runs.remove(item(1))
        _ = try await plans.remove(item(1))
        #expect(try await runs.check(item(1)) == .gone)
        #expect(try await plans.check(item(1)) == .gone)
        #expect(try await house.jobs.history("shelf", limit: 9).map(\.id) == [4, 3, 2])
        await house.close()
    }
}
