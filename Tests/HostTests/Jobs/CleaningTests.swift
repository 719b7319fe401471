import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("clean-up on request")
@Loop
struct CleaningTests {
    private func house() async throws -> JobsHarness {
        let house = JobsHarness(now: 100_000)
        house.shelf.books = ["a": 10, "b": 20, "c": 40]
        try await house.open()
        house.jobs.adopt(
            [
                try house.gc("first") { list in
                    try list.put(
                        PlanEntry(
                            action: .remove, kind: "book", id: "a", reason: "unread", bytes: 10, since: 40_000_000))
                },
                try house.gc("second") { list in
                    for id in ["b", "c"] {
                        try list.put(PlanEntry(action: .remove, kind: "book", id: id, reason: "torn"))
                    }
                }, try house.job(),
            ], generation: 1)
        return house
    }

    @Test("plans alone remove nothing; to its end it removes what the plans say, and says so")
    func round() async throws {
        let house = try await house()
        let cleaning = Cleaning(house.jobs, scope: house.scope)
        _ = try cleaning.begin(nil, plansOnly: true)
        let planned = try #require(try await cleaning.wait(atMost: .seconds(60)))
        #expect(planned.steps.map(\.job) == ["first", "second"] && planned.removed == 0)
        #expect(planned.steps.compactMap(\.plan?.removes) == [1, 2] && house.shelf.removals.isEmpty)
        _ = try cleaning.begin(["second"], plansOnly: false)
        let done = try #require(try await cleaning.wait(atMost: .seconds(60)))
        #expect(done.removed == 2 && done.freed == 60 && done.endedAt != nil && done.id > planned.id)
        #expect(house.shelf.removals == ["b", "c"])
        await house.close()
    }

    @Test("there is one at a time; whoever is impatient is told how far it is")
    func one() async throws {
        let house = try await house()
        house.shelf.stopsAt = "a"
        let cleaning = Cleaning(house.jobs, scope: house.scope)
        _ = try cleaning.begin(["first"], plansOnly: false)
        try await house.until("the removal to wait") { house.shelf.held == 1 }
        let fault = #expect(throws: Fault.self) { try cleaning.begin(nil, plansOnly: true) }
        #expect(fault?.kind == .conflict)
        let early = try #require(try await cleaning.wait(atMost: .zero))
        #expect(early.endedAt == nil && cleaning.isUnderWay)
        house.shelf.goOn()
        #expect(try await cleaning.wait(atMost: .seconds(60))?.removed == 1)
        await house.close()
    }

    @Test("a job that fails, or is not there, keeps no other from its turn")
    func failures() async throws {
        let house = try await house()
        house.shelf.glued = ["b"]
        let cleaning = Cleaning(house.jobs, scope: house.scope)
        let fault = #expect(throws: Fault.self) { try cleaning.begin(["frist"], plansOnly: true) }
        #expect(fault?.kind == .notFound && fault?.hint == "did you mean \"first\"?")
        #expect(throws: Fault.self) { try cleaning.begin(["tidy"], plansOnly: true) }
        _ = try cleaning.begin(nil, plansOnly: false)
        let done = try #require(try await cleaning.wait(atMost: .seconds(60)))
        #expect(done.removed == 2 && done.steps.map(\.outcome) == [.succeeded, .failed])
        await house.close()
    }

    @Test("a plan that a kill interrupted goes on at the next start, and each item goes once")
    func killed() async throws {
        let house = try await house()
        let id = try await house.jobs.plans.make(
            "second", generation: 1,
            ["a", "b", "c"].map { PlanEntry(action: .remove, kind: "book", id: $0, reason: "torn") })
        house.shelf.stopsAt = "b"
        try await house.jobs.plans.startApplying(id)
        try await house.until("the removal of the second") { house.shelf.held == 1 }
        await house.kill()
        house.shelf.goOn()
        try await house.open()
        #expect(try await house.jobs.plans.get(id).state == .applying)
        try await house.jobs.plans.goOn()
        try await house.until("the plan to be done") { try await house.jobs.plans.get(id).state == .applied }
        #expect(Set(house.shelf.removals) == ["a", "b", "c"] && house.shelf.removals.count == 3)
        try await house.jobs.plans.goOn()
        await house.close()
    }

    @Test("the door answers as the program that it replaces did, and more; bad input is refused")
    func door() async throws {
        let house = try await house()
        let cleaning = Cleaning(house.jobs, scope: house.scope)
        let router = Router()
        router.add(CleaningDoor(Gate()) { cleaning }, traced: .off)
        router.add(PlansDoor(Gate()) { house.jobs }, traced: .off)
        let scope = Scope("server") { _, _ in }
        let server = Server(router, scope: scope)
        let port = try server.listen(host: "127.0.0.1", port: 0)
        #expect(try await Exchange.get("/mgmt/gc", port: port).status == 404)
        let bad: [(String, Int)] = [
            ("[]", 400), ("{", 400), (#"{"job":["first"]}"#, 400), (#"{"jobs":"first"}"#, 400), (#"{"plan":1}"#, 400),
            (#"{"jobs":["nothing"]}"#, 404), ("{\"jobs\":[\"\(String(repeating: "x", count: 70_000))\"]}", 413),
        ]
        for (body, status) in bad {
            #expect(try await Exchange.post("/mgmt/gc", body, port: port).status == status, "\(body.prefix(40))")
        }
        let planned = try await Exchange.post("/mgmt/gc", #"{"jobs":["first"],"plan":true}"#, port: port).json
        #expect(planned["pruned"] == 0 && planned["done"] == true && planned["jobs"]?[0]?["plan"]?["removes"] == 1)
        let id = planned["jobs"]?[0]?["plan"]?["id"]?.integer ?? 0
        let item = try await Exchange.get("/mgmt/plans/\(id)", port: port).json["items"]?[0]
        #expect(item?["since"] == "1970-01-01T11:06:40Z" && item?["bytes"] == 10)
        let done = try await Exchange.post("/mgmt/gc", "", port: port).json
        #expect(done["pruned"] == 3 && done["freed"] == 70)
        #expect(try await Exchange.get("/mgmt/gc", port: port).json["pruned"] == 3)
        #expect(try await Exchange.get("/mgmt/plans?limit=1", port: port).json["next"] != .null)
        for query in ["limit=0", "limit=x", "limit=1001", "after=x"] {
            #expect(try await Exchange.get("/mgmt/plans?\(query)", port: port).status == 400, "\(query)")
        }
        await server.drain(grace: .zero)
        await scope.close()
        await house.close()
    }
}
