import FakeOpencode
import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("tasks: the queue")
@Loop
struct TaskQueueTests {
    /// `PERIGEE_TASK_COUNT=5000` for more.
    private nonisolated static let count = TestEnvironment.value(of: "PERIGEE_TASK_COUNT").flatMap { Int($0) } ?? 500

    @Test("shares take turns, each in its own order, and nobody begins without a place")
    func turns() {
        var places = SharedPlaces(count: 2)
        for run in ["a1", "a2", "a3", "b1", "c1", "c2"] { places.enter(run, share: String(run.first!)) }
        #expect(places.first(9) == ["a1", "b1", "c1", "a2", "c2", "a3"])
        for (index, run) in places.first(9).enumerated() { #expect(places.position(of: run) == index + 1) }
        #expect(places.next() == "a1" && places.next() == "b1" && places.next() == nil)
        #expect(places.position(of: "a1") == nil && places.position(of: "c1") == 1)
        let freed = places.leave("b1")
        #expect(freed && places.next() == "c1" && places.next() == nil)
        let wasWaiting = places.leave("a2")
        #expect(!wasWaiting && places.position(of: "a3") == 1)
        places.enter("b2", share: "b")
        #expect(places.first(9) == ["a3", "c2", "b2"])
        #expect(places.holders == ["a1", "c1"] && places.waitingCount == 3)
    }

    @Test("whatever comes and goes, positions are the order in which places are given")
    func positions() {
        var random = SeededGenerator(seed: 3)
        var places = SharedPlaces(count: 1)
        var number = 0
        for _ in 0..<300 {
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                number += 1
                places.enter("r\(number)", share: "s\(Int.random(in: 0...4, using: &random))", bytes: 10)
            }
            if Bool.random(using: &random), let gone = places.first(9).randomElement(using: &random) {
                _ = places.leave(gone)
            }
            let order = places.first(1000)
            #expect(order.count == places.waitingCount && places.waitingBytes == 10 * order.count)
            for (index, run) in order.enumerated() { #expect(places.position(of: run) == index + 1) }
            if let holder = places.holders.first { _ = places.leave(holder) }
            #expect(places.next() == order.first)
        }
    }

    @Test("many are carried out five at a time, none is lost, and each project's begin in their order")
    func many() async throws {
        let house = RunsHarness()
        try await house.open()
        let projects = 7
        let tally = Tally()
        house.stage.act = { attempt in
            tally.enter()
            defer { tally.working -= 1 }
            try await attempt.begins()
            let order = attempt.run.order
            tally.began[order.input.bounds?.share ?? "", default: []].append(Int(order.prompt) ?? -1)
            while !tally.isOpen { try await Loop.sleep(for: .milliseconds(1)) }
            await Loop.yield()
        }
        for number in 0..<Self.count {
            var order = house.order("\(number)")
            order.input.bounds = RunBounds(share: "p\(number % projects)", seconds: 60)
            _ = try await house.runs.accept(order)
        }
        tally.isOpen = true
        try await house.until("the end of all") { house.runs.live.isEmpty }
        #expect(tally.most == 5)
        #expect(tally.began.values.reduce(0) { $0 + $1.count } == Self.count)
        for (share, numbers) in tally.began { #expect(numbers == numbers.sorted(), "\(share)") }
        #expect(try await house.store.read { try $0.one(Self.succeeded) } == Int64(Self.count))
        await house.close()
    }

    @Loop
    private final class Tally {
        var began: [String: [Int]] = [:]
        var working = 0
        var isOpen = false
        private(set) var most = 0

        func enter() {
            working += 1
            most = max(most, working)
        }
    }

    private nonisolated static let succeeded = Query(
        "SELECT count(*) FROM runs WHERE state = 'succeeded'", Int64.self)

    @Test("a project with much to do does not keep the others waiting, and too much of one is refused")
    func fair() async throws {
        let house = RunsHarness()
        house.settings.places = 1
        house.settings.queuedPerShare = 20
        try await house.open()
        let gate = Latch()
        house.stage.act = { attempt in
            try await attempt.begins()
            if attempt.run.order.prompt == "first" { try await gate.wait() }
        }
        func accept(_ prompt: String, _ share: String) async throws -> RunRecord {
            var order = house.order(prompt)
            order.input.bounds = RunBounds(share: share, seconds: 60)
            return try await house.runs.accept(order)
        }
        _ = try await accept("first", "busy")
        try await house.until("the first") { gate.isReached }
        for number in 0..<20 { _ = try await accept("\(number)", "busy") }
        await #expect { try await accept("one more", "busy") } throws: { Fault($0).kind == .overBudget }
        let calm = try await accept("calm", "calm")
        #expect(house.runs.places.position(of: calm.id) == 2)
        // A user's own turns are not held up by their tasks.
        _ = try await house.carryOut(house.order("a chat"))
        gate.open()
        try await house.until("the end of all") { house.runs.live.isEmpty }
        let order = house.stage.attempts.map(\.run)
        #expect(try #require(order.firstIndex(of: calm.id)) <= 4)
        let told = try await house.events(calm.id).compactMap {
            if case .place(let place) = $0.body { place } else { nil }
        }
        #expect(told == [2, 1])
        await house.close()
    }

    @Test("what had a place when the process ended has it again, and the rest keeps its order")
    func restart() async throws {
        let house = RunsHarness()
        house.settings.places = 2
        house.stage.left = RunRemains(isRunnerAlive: true, session: .busy)
        try await house.open()
        house.stage.act = { attempt in
            try await house.stage.begin(attempt)
            try await Loop.sleep(for: .seconds(600))
        }
        var ids: [String] = []
        for number in 0..<6 {
            var order = house.order("\(number)", isAttended: false)
            order.input.bounds = RunBounds(share: "p\(number % 2)", seconds: 3600)
            ids.append(try await house.runs.accept(order).id)
        }
        try await house.until("two at work") { house.stage.prompts.count == 2 }
        await house.kill()
        house.stage.act = { try await house.stage.begin($0) }
        try await house.open()
        try await house.until("the end of all") { house.runs.live.isEmpty }
        for id in ids { #expect(try await house.state(id) == .succeeded) }
        let again = house.stage.attempts.suffix(6)
        #expect(Set(again.prefix(2).map(\.run)) == Set(ids.prefix(2)) && Set(again.map(\.run)) == Set(ids))
        #expect(again.map(\.how) == [.resume, .resume, .first, .first, .first, .first])
        await house.close()
    }

    @Test("times in a log never go back, whatever the clock does")
    func clock() async throws {
        let directory = TemporaryDirectory()
        let scope = Scope("test") { _, _ in }
        let store = try await Store.open("\(directory.path)/p.db", migrations: Schema.migrations) { _ in }
        let journal = RunJournal(store, log: Log(to: -1), scope: scope)
        var times: [Int64] = [1000, 900, 1100, 5, 1101]
        let log = RunLog("r", after: 0, moment: 950, journal: journal) { times.removeFirst() }
        let told = (0..<5).compactMap { log.append(.notice("\($0)"))?.at }
        #expect(told == [1000, 1000, 1100, 1100, 1101])
        await journal.close()
        await scope.close()
        await store.close()
    }
}
