import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("jobs and plans over HTTP")
@Loop
struct JobsDoorTests {
    private func server() async throws -> JobsServer {
        let house = JobsHarness(now: 0)
        house.shelf.books = ["a": 100, "b": 20]
        try await house.open()
        house.jobs.adopt(
            [
                try house.job(),
                try house.gc { list in
                    try list.put(PlanEntry(action: .remove, kind: "book", id: "a", reason: "unread", bytes: 100))
                    try list.put(PlanEntry(action: .keep, kind: "book", id: "b", reason: "lent"))
                },
            ], generation: 4)
        return try JobsServer(house)
    }

    @Test("jobs are listed with their next five times and what was last")
    func list() async throws {
        let server = try await server()
        try await server.house.go(to: 600)
        let jobs = try await server.get("/mgmt/jobs").json["jobs"]
        let tidy = jobs?[1]
        #expect(tidy?["name"] == "tidy" && tidy?["kind"] == "job" && tidy?["generation"] == 4)
        #expect(
            tidy?["next"] == [
                "1970-01-01T00:20:00Z", "1970-01-01T00:30:00Z", "1970-01-01T00:40:00Z", "1970-01-01T00:50:00Z",
                "1970-01-01T01:00:00Z",
            ])
        #expect(tidy?["last"]?["outcome"] == "succeeded" && tidy?["running"] == .null)
        #expect(jobs?[0]?["last"]?["plan"] == 1)
        await server.close()
    }

    @Test("one job comes with its history")
    func one() async throws {
        let server = try await server()
        for moment: Int64 in [600, 1200] { try await server.house.go(to: moment) }
        let job = try await server.get("/mgmt/jobs/tidy").json
        #expect(job["history"]?[0]?["started_at"] == "1970-01-01T00:20:00Z")
        #expect(job["history"]?[1]?["reason"] == "due" && job["history"]?[2] == nil)
        await server.close()
    }

    @Test("run now answers with the run, and with a conflict while it runs")
    func run() async throws {
        let server = try await server()
        server.house.work.holds = true
        let first = try await server.post("/mgmt/jobs/tidy/run")
        #expect(first.status == 202 && first.body == #"{"job":"tidy","run":1}"#)
        let second = try await server.post("/mgmt/jobs/tidy/run")
        #expect(second.status == 409 && second.head.contains("application/problem+json"))
        #expect(try second.json["detail"]?.string?.contains("is running already") == true)
        server.house.work.release()
        try await server.house.settle()
        await server.close()
    }

    @Test(
        "what is not there is a problem with status 404",
        arguments: [
            "/mgmt/jobs/nothing", "/mgmt/plans/77", "/mgmt/plans/x",
        ])
    func unknown(path: String) async throws {
        let server = try await server()
        let answer = try await server.get(path)
        #expect(answer.status == 404 && answer.head.contains("application/problem+json"))
        #expect(try await server.post("/mgmt/jobs/nothing/run").status == 404)
        #expect(try await server.post("/mgmt/plans/77/apply").status == 404)
        await server.close()
    }

    @Test("pausing and resuming answer with the job")
    func pause() async throws {
        let server = try await server()
        let paused = try await server.post("/mgmt/jobs/tidy/pause").json
        #expect(paused["paused"] == true && paused["next"] == [])
        let resumed = try await server.post("/mgmt/jobs/tidy/resume").json
        #expect(resumed["paused"] == false && resumed["next"]?[4] != nil)
        await server.close()
    }

    @Test("a plan is made, shown, applied, and refused a second time")
    func plans() async throws {
        let server = try await server()
        #expect(try await server.post("/mgmt/jobs/shelf/run?plan=1").status == 202)
        try await server.house.settle()
        let shown = try await server.get("/mgmt/plans/1").json
        #expect(shown["state"] == "open" && shown["removes"] == 1 && shown["keeps"] == 1 && shown["more"] == false)
        #expect(shown["items"]?[0]?["reason"] == "unread" && shown["items"]?[1]?["action"] == "keep")
        #expect(try await server.get("/mgmt/plans?job=shelf").json["plans"]?[0]?["id"] == 1)
        #expect(try await server.get("/mgmt/plans?job=other").json["plans"] == [])
        let applying = try await server.post("/mgmt/plans/1/apply")
        #expect(applying.status == 202)
        try await server.house.settle()
        let applied = try await server.get("/mgmt/plans/1").json
        #expect(applied["state"] == "applied" && applied["freed"] == 100 && applied["active"] == false)
        #expect(applied["items"]?[0]?["outcome"] == "removed")
        #expect(try await server.post("/mgmt/plans/1/apply").status == 409)
        #expect(server.house.shelf.removals == ["a"])
        await server.close()
    }

    @Test("a plan of many items comes in pages")
    func pages() async throws {
        let server = try await server()
        let entries = (1...2500).map { PlanEntry(action: .keep, kind: "book", id: "\($0)", reason: "many") }
        let id = try await server.house.jobs.plans.make("shelf", generation: 1, entries)
        var positions: [Int] = []
        var more = true
        while more {
            let page = try await server.get("/mgmt/plans/\(id)?after=\(positions.last ?? 0)").json
            positions += page.list("items").compactMap { $0["position"]?.integer }
            more = page["more"]?.bool == true
        }
        #expect(positions == Array(1...2500))
        await server.close()
    }

    @Test(
        "nobody but this machine may ask", arguments: ["/mgmt/jobs", "/mgmt/jobs/tidy", "/mgmt/plans", "/mgmt/plans/1"])
    func gate(path: String) async throws {
        let server = try await server()
        let answer = try await server.get(path, ["X-Forwarded-For: 203.0.113.7"])
        #expect(answer.status == 403)
        await server.close()
    }
}
