import LuaBridge
import Testing

@testable import Runtime

@Suite("host.jobs")
@Loop
struct JobsModuleTests {
    private let jobs = FakeJobs()

    private func run(_ text: String) async throws -> LuaResults {
        let harness = try ModuleHarness(.jobs(jobs))
        return try await harness.run("local jobs = require 'host.jobs' " + text)
    }

    @Test("jobs are listed with what is next and what was last")
    func list() async throws {
        let results = try await run(
            """
            local job = jobs.list()[1]
            return job.name, job.kind, job.next[2], job.running, job.last.outcome, job.last.took, job.tz
            """)
        #expect(results == ["tidy", "gc", 1200, false, "failed", 1.5, "UTC"])
        #expect(try await run("return jobs.get('tidy').script") == ["gc/tidy.lua"])
        #expect(try await run("return jobs.get('tydi')").kind == "not_found")
    }

    @Test("a run is started and told by its number; a busy job is an error, not a mistake")
    func runs() async throws {
        #expect(try await run("return jobs.run('tidy')") == [5])
        #expect(try await run("return jobs.run('tidy', { plan = true })") == [5])
        #expect(jobs.asked == ["run tidy", "plan tidy"])
        #expect(try await run("return jobs.run('busy')").kind == "conflict")
        let harness = try ModuleHarness(.jobs(jobs))
        let text = await harness.mistake("require('host.jobs').run('tidy', { plans = true })")
        #expect(text.contains("did you mean 'plan'?"), "\(text)")
    }

    @Test("runs and plans are items for gc plans")
    func items() async throws {
        let results = try await run(
            """
            local run, plan = jobs.history("tidy")[1], jobs.plans()[1]
            return run.kind, run.id, run.started, run.label, plan.kind, plan.id, plan.state, plan.removes
            """)
        #expect(
            results == ["job_run", 4, 1, "tidy of 1970-01-01 00:00:01 UTC", "plan", 9, "open", 2])
        #expect(try await run("return #jobs.history(), #jobs.history(nil, 3)") == [1, 1])
        #expect(jobs.asked == ["history tidy 50", "history – 50", "history – 3"])
    }

    @Test("pausing and resuming reach the service")
    func pausing() async throws {
        #expect(try await run("return jobs.pause('tidy'), jobs.resume('tidy')") == [true, true])
        #expect(jobs.asked == ["pause tidy", "resume tidy"])
    }
}

/// One job, and a note of what was asked of it.
@Loop
private final class FakeJobs: WorldJobs {
    private(set) var asked: [String] = []

    private let record = JobRecord(
        id: 4, job: "tidy", reason: .due, generation: 2, startedAt: 1500, endedAt: 3000, outcome: .failed,
        message: "no luck", tookMilliseconds: 1500)

    func list() -> [JobState] {
        [
            JobState(
                name: "tidy", kind: .gc, script: "gc/tidy.lua", schedule: "every 10m", next: [600, 1200], last: record)
        ]
    }

    func get(_ name: String) throws -> JobState {
        guard name == "tidy" else { throw Fault(.notFound, "there is no job \(name)") }
        return list()[0]
    }

    func run(_ name: String, plansOnly: Bool) async throws -> Int64 {
        if name == "busy" { throw Fault(.conflict, "it is running already") }
        asked.append("\(plansOnly ? "plan" : "run") \(name)")
        return 5
    }

    func history(_ name: String?, limit: Int) async throws -> [JobRecord] {
        asked.append("history \(name ?? "–") \(limit)")
        return [record]
    }

    func pause(_ name: String) async throws { asked.append("pause \(name)") }
    func resume(_ name: String) async throws { asked.append("resume \(name)") }

    func plans(of job: String?, limit: Int) async throws -> [PlanRecord] {
        [PlanRecord(id: 9, job: "tidy", generation: 2, madeAt: 2000, state: .open, removes: 2)]
    }
}
