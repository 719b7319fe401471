import Testing

@testable import Runtime

@Suite("job timelines")
struct JobTimelineTests {
    @Test("a job runs when it is due, and once")
    func due() throws {
        var job = try Played("every 10m")
        #expect(job.tick(599) == .nothing)
        #expect(job.tick(600) == .start(.due))
        #expect(job.tick(601) == .nothing)
        #expect(job.ended(630) == .nothing)
        #expect(job.tick(1199) == .nothing)
        #expect(job.tick(1200) == .start(.due))
    }

    @Test("what falls due during a run is skipped, queued once, or replaces it")
    func overlap() throws {
        var skip = try Played("every 10m") { $0.overlap = .skip }
        #expect(skip.tick(600) == .start(.due))
        #expect(skip.tick(1200) == .skip("the run before it has not ended"))
        #expect(skip.ended(1300) == .nothing)

        var queue = try Played("every 10m") { $0.overlap = .queue }
        #expect(queue.tick(600) == .start(.due))
        #expect(queue.tick(1200) == .nothing)
        #expect(queue.tick(1800) == .nothing)
        #expect(queue.ended(1900) == .start(.queued))
        #expect(queue.ended(1950) == .nothing, "two due times in one run are one more run")

        var replace = try Played("every 10m") { $0.overlap = .replace }
        #expect(replace.tick(600) == .start(.due))
        #expect(replace.tick(1200) == .cancelRunning)
        #expect(replace.ended(1201) == .start(.queued))
    }

    @Test("three days asleep are made up for once or not at all")
    func asleep() throws {
        let later: Int64 = 600 + 3 * 86400
        var none = try Played("every 10m") { $0.catchUp = .none }
        #expect(none.tick(later) == .skip("the machine was off or asleep when it was due"))
        #expect(none.tick(later + 600) == .start(.due))
        var one = try Played("every 10m") { $0.catchUp = .one }
        #expect(one.tick(later + 100) == .start(.caughtUp))
        #expect(one.ended(later + 110) == .nothing)
        #expect(one.tick(later + 111) == .nothing)
    }

    @Test("a clock set back by two hours repeats nothing that has a fixed hour")
    func clockBackFixed() throws {
        let start = at(2026, 11, 21)
        var job = try Played("30 3 * * *", last: start)
        #expect(job.tick(at(2026, 11, 21, 3, 30)) == .start(.due))
        #expect(job.ended(at(2026, 11, 21, 3, 31)) == .nothing)
        #expect(job.tick(at(2026, 11, 21, 1, 31)) == .nothing)
        #expect(job.tick(at(2026, 11, 21, 3, 30)) == .nothing, "the same half past three")
        #expect(job.tick(at(2026, 11, 22, 3, 30)) == .start(.due))
    }

    @Test("a clock set back by two hours does not stop what follows real time")
    func clockBackOpen() throws {
        for line in ["every 15m", "*/15 * * * *"] {
            var job = try Played(line, last: at(2026, 11, 21, 12))
            #expect(job.tick(at(2026, 11, 21, 12, 15)) == .start(.due))
            #expect(job.ended(at(2026, 11, 21, 12, 16)) == .nothing)
            #expect(job.tick(at(2026, 11, 21, 10, 16)) == .nothing)
            #expect(job.tick(at(2026, 11, 21, 10, 31)) == .start(.due), "\(line)")
        }
    }

    @Test("a clock set forward collapses what it jumped over")
    func clockForward() throws {
        var job = try Played("*/15 * * * *", last: at(2026, 11, 21, 12)) { $0.catchUp = .one }
        #expect(job.tick(at(2026, 11, 21, 14, 7)) == .start(.caughtUp))
        #expect(job.ended(at(2026, 11, 21, 14, 8)) == .nothing)
        #expect(job.tick(at(2026, 11, 21, 14, 15)) == .start(.due))
    }

    @Test("a failure is retried with growing pauses, then left to the next due time")
    func retries() throws {
        var job = try Played("every 1h") { ($0.retries, $0.backOff) = (2, 60) }
        #expect(job.tick(3600) == .start(.due))
        #expect(job.ended(3610, failed: true) == .nothing)
        #expect(job.tick(3669) == .nothing)
        #expect(job.tick(3670) == .start(.retry))
        #expect(job.ended(3680, failed: true) == .nothing)
        #expect(job.tick(3799) == .nothing)
        #expect(job.tick(3800) == .start(.retry))
        #expect(job.ended(3810, failed: true) == .nothing)
        #expect(job.tick(7199) == .nothing)
        #expect(job.tick(7200) == .start(.due))
        #expect(job.ended(7210, failed: true) == .nothing)
        #expect(job.tick(7270) == .start(.retry), "a new due time has its retries again")
    }

    @Test("a paused job is silent, can be run by hand, and goes on from the moment of its resumption")
    func pause() throws {
        var job = try Played("every 10m")
        job.timeline.pause()
        #expect(job.tick(600) == .nothing)
        #expect(job.timeline.wakeAt == nil)
        #expect(job.timeline.runNow() == .start(.asked))
        #expect(job.timeline.runNow() == .skip("it is running already"))
        #expect(job.ended(700) == .nothing)
        job.timeline.resume(at: 10_000, job.rules)
        #expect(job.tick(10_001) == .nothing)
        #expect(job.tick(10_600) == .start(.due))
    }

    @Test("jitter moves every due time by the same amount, and the next five are told")
    func jitter() throws {
        let job = try Played("every 10m") { $0.jitter = 42 }
        #expect(job.timeline.upcoming(5, job.rules) == [642, 1242, 1842, 2442, 3042])
        let daily = try Played("30 3 * * *", last: at(2026, 11, 21)) { $0.jitter = 61 }
        #expect(daily.timeline.upcoming(2, daily.rules) == [at(2026, 11, 21, 3, 31) + 1, at(2026, 11, 22, 3, 31) + 1])
    }

    @Test(
        "a timeline that begins where another has settled is due when it is",
        arguments: ["every 10m", "every 1s", "30 3 * * *", "0 0 29 2 *", "*/15 * * * *"], [Int64(0), 7, 3599])
    func settled(line: String, jitter: Int64) throws {
        var job = try Played(line, last: at(2026, 11, 21, 12, 34)) { $0.jitter = jitter }
        for _ in 0..<5 {
            let again = JobTimeline(job.rules, last: job.timeline.settled(job.rules))
            #expect(again.due == job.timeline.due)
            _ = job.tick(job.timeline.due)
            _ = job.ended(job.timeline.due - 1)
        }
    }

    @Test("a changed schedule counts from the change, and knows what still runs")
    func reschedule() throws {
        var job = try Played("every 10m")
        #expect(job.tick(600) == .start(.due))
        job.rules.recurrence = try Recurrence("every 1m")
        job.timeline.reschedule(at: 700, job.rules)
        #expect(job.timeline.due == 760)
        #expect(job.tick(760) == .skip("the run before it has not ended"))
        #expect(job.ended(770) == .nothing)
        #expect(job.tick(820) == .start(.due))
    }

    @Test("an interrupted run is made up for by one that catches up, unless it is paused or due anyway")
    func interrupted() throws {
        var none = try Played("every 10m")
        #expect(none.timeline.interrupted(none.rules) == .nothing)
        var one = try Played("every 10m") { $0.catchUp = .one }
        #expect(one.timeline.interrupted(one.rules) == .start(.caughtUp))
        #expect(one.timeline.interrupted(one.rules) == .nothing)
        var paused = try Played("every 10m") { $0.catchUp = .one }
        paused.timeline.pause()
        #expect(paused.timeline.interrupted(paused.rules) == .nothing)
    }
}

/// A timeline with its rules.
private struct Played {
    var rules: JobTimeline.Rules
    var timeline: JobTimeline

    init(_ line: String, last: Int64 = 0, _ change: (inout JobTimeline.Rules) -> Void = { _ in }) throws {
        rules = JobTimeline.Rules(recurrence: try Recurrence(line))
        change(&rules)
        timeline = JobTimeline(rules, last: last)
    }

    mutating func tick(_ now: Int64) -> JobTimeline.Action { timeline.tick(now, rules) }
    mutating func ended(_ now: Int64, failed: Bool = false) -> JobTimeline.Action {
        timeline.ended(failed: failed, at: now, rules)
    }
}

private func at(_ year: Int, _ month: Int, _ day: Int, _ hour: Int = 0, _ minute: Int = 0) -> Int64 {
    CivilTime(year, month, day, hour, minute).secondsSinceEpoch
}
