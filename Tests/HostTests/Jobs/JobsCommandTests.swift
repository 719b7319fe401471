import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("jobs on the command line")
@Loop
struct JobsCommandTests {
    private func server() async throws -> JobsServer {
        let house = JobsHarness(now: 0)
        house.shelf.books = ["a": 2048, "b": 20]
        try await house.open()
        house.jobs.adopt(
            [
                try house.job(),
                try house.gc { list in
                    try list.put(PlanEntry(action: .remove, kind: "book", id: "a", reason: "unread", bytes: 2048))
                    try list.put(PlanEntry(action: .keep, kind: "book", id: "b", reason: "lent"))
                },
            ], generation: 4)
        return try JobsServer(house)
    }

    @Test("jobs are an aligned table for people and JSON for machines")
    func list() async throws {
        let server = try await server()
        let table = try await server.perigee("jobs")
        #expect(table.code == 0, "\(table.errors)")
        #expect(
            table.output == """
                JOB    STATE    SCHEDULE   NEXT              LAST       SCRIPT
                shelf  waiting  every 10m  1970-01-01 00:10  never ran  gc/shelf.lua
                tidy   waiting  every 10m  1970-01-01 00:10  never ran  jobs/tidy.lua

                """)
        let json = try await server.perigee("jobs", "--json")
        #expect(try JSON.parse(json.output)["jobs"][1]["name"].string == "tidy")
        await server.close()
    }

    @Test("one job is shown with its history, paused and resumed")
    func one() async throws {
        let server = try await server()
        server.house.work.failures = 1
        try await server.house.go(to: 600)
        let shown = try await server.perigee("jobs", "tidy")
        #expect(shown.output.contains("every 10m (UTC)") && shown.output.contains("failed"))
        #expect(shown.output.contains("no luck"))
        #expect(try await server.perigee("jobs", "tidy", "--pause").output.contains("paused"))
        #expect(try server.house.jobs.get("tidy").isPaused)
        #expect(try await server.perigee("jobs", "tidy", "--resume").code == 0)
        #expect(try !server.house.jobs.get("tidy").isPaused)
        let unknown = try await server.perigee("jobs", "tdiy")
        #expect(unknown.code == 66 && unknown.errors.contains("did you mean \"tidy\"?"))
        await server.close()
    }

    @Test("run-job waits for the end and its code tells how it went")
    func run() async throws {
        let server = try await server()
        let good = try await server.perigee("run-job", "tidy")
        #expect(good.code == 0 && good.output.hasPrefix("tidy: succeeded after "), "\(good.errors)")
        server.house.work.failures = 1
        let bad = try await server.perigee("run-job", "tidy", "--json")
        #expect(bad.code == 1)
        #expect(try JSON.parse(bad.output)["message"].string == "no luck")
        #expect(try await server.perigee("run-job").code == 64)
        await server.close()
    }

    @Test("a plan is made, listed, shown and applied")
    func plans() async throws {
        let server = try await server()
        #expect(try await server.perigee("gc", "--list").output.hasPrefix("there are no plans"))
        let made = try await server.perigee("run-job", "shelf", "--plan")
        #expect(made.output.contains("would remove 1, keeps 1; see `perigee gc --show 1`"))
        #expect(try await server.perigee("gc", "--list", "shelf").output.contains("open"))
        let shown = try await server.perigee("gc", "--show", "1")
        #expect(shown.output.hasPrefix("plan 1 of shelf, made 1970-01-01 00:00: open; removes 1, keeps 1, about 2KB"))
        #expect(shown.output.contains("remove  book  a  2KB") && shown.output.contains("--apply"))
        let applied = try await server.perigee("gc", "--apply", "1")
        #expect(applied.code == 0 && applied.output.contains("removed 1, freed 2KB"), "\(applied.output)")
        #expect(server.house.shelf.removals == ["a"])
        let again = try await server.perigee("gc", "--apply", "1")
        #expect(again.code == 73 && again.errors.contains("plan 1 has been applied already"))
        #expect(try await server.perigee("gc", "--show", "one").code == 64)
        await server.close()
    }

    @Test("without a server they say so")
    func nobody() async throws {
        let state = TemporaryDirectory()
        for words in [["jobs"], ["run-job", "x"], ["gc"], ["gc", "--show", "1"]] {
            let result = try await Program.run(words + ["STATE_DIR=\(state.path)"])
            #expect(result.code == 69 && result.errors.contains("perigee serve"))
        }
    }
}
