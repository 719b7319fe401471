import Runtime
import TestSupport
import Testing

@testable import Host

/// Jobs as Lua files, from the directory to the history.
@Suite("jobs from scripts")
@Loop
struct ScriptedJobsTests {
    private func scripts(
        _ house: JobsHarness, _ files: [String: String], _ table: HostTable? = nil
    ) async throws -> Scripts {
        for (name, text) in files { house.directory.write(text, to: "scripts/\(name)") }
        let jobs = house.jobs!
        let scripts = try Scripts(
            ScriptSources(shipped: nil, overlay: "\(house.directory.path)/scripts"),
            table: table ?? HostTable([.jobs(jobs)]),
            log: Log(level: .error), scope: house.scope, wallClock: { 0 })
        scripts.onSwap.append { jobs.adopt($0) }
        await scripts.start()
        #expect(scripts.failure == nil, "\(scripts.failure?.problems.map(\.description) ?? [])")
        return scripts
    }

    @Test("a job's script runs, says what it did, and fails as it likes")
    func runs() async throws {
        let house = JobsHarness(now: 0)
        try await house.open()
        let scripts = try await scripts(
            house,
            [
                "jobs/greet.lua": """
                return { name = "greet", schedule = "every 10m", description = "Says hello.",
                  run = function(occasion) return occasion.reason .. " at " .. tostring(occasion.due) end }
                """,
                "jobs/sulk.lua": """
                return { name = "sulk", schedule = "every 10m", run = function() return nil, "not today" end }
                """,
                "jobs/trip.lua": """
                return { name = "trip", schedule = "every 10m", run = function() error("over the carpet") end }
                """,
            ])
        try await house.settle()
        try await house.go(to: 600)
        let states = house.jobs.list()
        #expect(states.map(\.name) == ["greet", "sulk", "trip"])
        #expect(states.map(\.last?.outcome) == [.succeeded, .failed, .failed])
        #expect(states[0].last?.message == "due at 600" && states[0].script == "jobs/greet.lua")
        #expect(states[1].last?.message == "not today")
        #expect(states[2].last?.message.contains("jobs/trip.lua:1: over the carpet") == true)
        await scripts.close()
        await house.close()
    }

    @Test("a gc script's plan is applied, item by item, and may look at the history through host.jobs")
    func gc() async throws {
        let house = JobsHarness(now: 0)
        house.shelf.books = ["a": 5]
        try await house.open()
        let scripts = try await scripts(
            house,
            [
                "gc/shelf.lua": """
                local jobs = require "host.jobs"
                return { name = "shelf", schedule = "every 10m", plan = function(add)
                  add.remove({ kind = "book", id = "a", bytes = 5 }, "unread")
                  for _, run in ipairs(assert(jobs.history("shelf"))) do
                    if run.outcome then add.remove(run, "it is history") end
                  end
                end }
                """
            ])
        for moment: Int64 in [600, 1200, 1800] { try await house.go(to: moment) }
        #expect(house.shelf.removals == ["a"])
        let last = try #require(house.jobs.get("shelf").last)
        #expect(last.outcome == .succeeded, "\(last.message)")
        #expect(try await house.jobs.history("shelf", limit: 9).count == 1, "the runs before were removed")
        await scripts.close()
        await house.close()
    }

    @Test("trash and expired values go by plan: what has changed since it was listed stays")
    func shippedKinds() async throws {
        let house = JobsHarness(now: 0)
        try await house.open()
        house.directory.write("old", to: "data/old")
        house.directory.write("older", to: "data/older")
        let client = HTTPClient()
        let settings = try Settings(
            SettingSource(layers: [.init(origin: .commandLine, values: ["STATE_DIR": house.directory.path])]))
        let values = StoredValues(house.store, clock: SystemClock())
        let world = try Scripting.world(
            settings, client: client, values: values, log: Log(level: .error), metrics: Metrics())
        let trash = Trash(world.roots, clock: world.clock)
        house.targets.add(TrashTarget(trash))
        house.targets.add(ScriptValueTarget(values))
        try await values.set("notes", "a", "1", lifetime: .zero)
        try await values.set("notes", "b", "2", lifetime: nil)
        let scripts = try await scripts(
            house,
            [
                "jobs/litter.lua": """
                local fs = require "host.fs"
                return { name = "litter", schedule = "@yearly", run = function()
                  assert(fs.remove("data:old"))
                  assert(fs.remove("data:older"))
                end }
                """,
                "gc/all.lua": """
                local fs = require "host.fs"
                return { name = "all", schedule = "@yearly", plan = function(add)
                  for _, item in ipairs(assert(fs.trash())) do add.remove(item, "it is trash") end
                  add.remove({ kind = "script_value", id = "expired" }, "nobody can read them")
                end }
                """,
            ], HostTable([.fs(world)]))
        _ = try await house.jobs.run("litter", plansOnly: false)
        try await house.settle()
        #expect(try house.jobs.get("litter").last?.outcome == .succeeded)
        _ = try await house.jobs.run("all", plansOnly: true)
        try await house.settle()
        let plan = try #require(house.jobs.get("all").last?.plan)
        let first = try #require(try await trash.list().first)
        try await trash.restore(first.id, stamp: first.stamp)
        try await house.jobs.plans.startApplying(plan)
        try await house.settle()
        let done = try await house.jobs.plans.get(plan)
        #expect(done.removes == 3 && done.removed == 2 && done.skipped == 1)
        #expect(try await trash.list().isEmpty)
        #expect(try await values.expired().count == 0)
        #expect(try await values.get("notes", "b") == "2")
        await scripts.close()
        await client.close()
        await house.close()
    }

    @Test("a run that began on a generation ends on it, after the next has taken over")
    func generations() async throws {
        let house = JobsHarness(now: 0)
        try await house.open()
        let first = """
            return { name = "talk", schedule = "every 10m", run = function() return "first" end }
            """
        let scripts = try await scripts(house, ["jobs/talk.lua": first])
        try await house.settle()
        house.clock.set(600)
        #expect(house.jobs.runningCount == 1)
        house.directory.write(first.replacing("first", with: "second"), to: "scripts/jobs/talk.lua")
        await scripts.reload("test")
        try await house.settle()
        #expect(try await house.jobs.history("talk", limit: 1)[0].message == "first")
        try await house.go(to: 1200)
        #expect(try await house.jobs.history("talk", limit: 1)[0].message == "second")
        await scripts.close()
        await house.close()
    }
}
