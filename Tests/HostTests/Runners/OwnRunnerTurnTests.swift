import FakeOpencode
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("turns on runners of our own")
@Loop
struct OwnRunnerTurnTests {
    private static let long = "slow 10; say " + (1...30).map { "word\($0)" }.joined(separator: " ")
    private static let words = (1...30).map { "word\($0)" }.joined(separator: " ")

    private func engine(
        _ bed: OwnRunnersBed, _ book: TestBook, gone: Duration = .seconds(30)
    ) -> OpencodeEngine {
        var limits = OpencodeEngine.Limits()
        limits.gone = gone
        limits.turn = .init(check: .milliseconds(300), doubt: .milliseconds(150))
        limits.tick = .milliseconds(20)
        limits.reading = .seconds(1)
        limits.stop = .seconds(2)
        let log = Log(to: -1, format: .json, level: .error)
        return OpencodeEngine(
            pool: FreshRunners(bed.runners, idle: .seconds(600), log: log, scope: bed.scope), book: book,
            limits: limits, log: log, scope: bed.scope)
    }

    private func attempt(_ bed: OwnRunnersBed, _ text: String) async throws -> TestAttempt {
        let workspace = try await bed.access.workspace()
        let input = RunInput(parts: [.text(text)], directory: workspace.directory)
        return TestAttempt(
            RunOrder(
                door: "openai", engine: "opencode", user: "ann", workspace: workspace.id, chat: "c1", prompt: text,
                input: input))
    }

    /// Performs it beside the test.
    private func start(_ attempt: TestAttempt, _ engine: OpencodeEngine, _ bed: OwnRunnersBed) -> Performance {
        let performance = Performance()
        performance.task = bed.scope.spawn("performing") {
            do {
                try await engine.perform(attempt)
                performance.end.finish(.success(nil))
            } catch {
                performance.end.finish(.success(error))
            }
        }
        return performance
    }

    private func prompts(_ bed: OwnRunnersBed, _ word: String) -> Int {
        bed.machine.things.values.reduce(0) { $0 + $1.fake.prompts.count { $0.text.contains(word) } }
    }

    @Test("the first turn sees its runner being started; the next one sees nothing of it")
    func progress() async throws {
        try await OwnRunnersBed.with { bed in
            let engine = engine(bed, TestBook())
            let first = try await attempt(bed, "say hello")
            #expect(await start(first, engine, bed).failure() == nil)
            #expect(first.text == "hello" && first.run.runner?.hasPrefix("open-persona-runner-") == true)
            #expect(first.events.contains(.notice("Pulling the image", isPassing: true)))
            // The backend says once more, in its own words, that it starts one.
            #expect(first.notices == ["Starting the agent", "Pulling the image", "The agent is ready"])
            let second = try await attempt(bed, "say again")
            #expect(await start(second, engine, bed).failure() == nil)
            #expect(second.notices.isEmpty && bed.runners.list().map(\.leases) == [0])
            await engine.close()
        }
    }

    @Test("a runner that cannot be started is told, and the turn has not begun")
    func noStart() async throws {
        try await OwnRunnersBed.with { bed in
            let engine = engine(bed, TestBook())
            bed.backend.failures = [Fault(.unavailable, "Docker does not answer", hint: "start it")]
            let turn = try await attempt(bed, "say hello")
            let failure = await start(turn, engine, bed).failure()
            #expect(failure?.kind == .agentGone && failure?.message == "Docker does not answer" && turn.begun == 0)
            await engine.close()
        }
    }

    @Test(
        "the runner dies in the middle: told at once, brought back, looked into, and nothing is asked twice",
        arguments: [false, true])
    func dies(_ outOfMemory: Bool) async throws {
        try await OwnRunnersBed.with { bed in
            let engine = engine(bed, TestBook())
            let turn = try await attempt(bed, "slow 10; say one two three four; hang")
            let performance = start(turn, engine, bed)
            try await turn.until("words") { turn.text.contains("two") }
            var end = RunnerEnd(reason: "exit code 137")
            end.wasOutOfMemory = outOfMemory
            await bed.machine.end(bed.machine.up[0], end)
            let failure = await performance.failure()
            #expect(failure?.kind == (outOfMemory ? .outOfMemory : .agentGone))
            #expect(failure?.message.contains("exit code 137") == true)
            let again = TestAttempt(.restartRunner, after: turn)
            #expect(await start(again, engine, bed).failure()?.kind == .agentFailed)
            #expect(prompts(bed, "four") == 1 && again.begun == 0 && bed.backend.count("start") == 2)
            await engine.close()
        }
    }

    @Test("the runner dies while it is handed the prompt: what cannot come is not waited for")
    func diesAtOnce() async throws {
        try await OwnRunnersBed.with { bed in
            // Longer than any test.
            let engine = engine(bed, TestBook(), gone: .seconds(600))
            #expect(await start(try await attempt(bed, "say hello"), engine, bed).failure() == nil)
            let thing = bed.machine.up[0]
            let performance = start(try await attempt(bed, "crash"), engine, bed)
            try await thing.fake.until("the prompt") { thing.fake.prompts.count == 2 }
            await bed.machine.end(thing)
            let failure = await performance.failure()
            #expect(failure?.kind == .agentGone && failure?.message.contains("exit code 137") == true)
            await engine.close()
        }
    }

    @Test("Perigee is stopped in the middle: the agent goes on, and the next process follows it to its end")
    func reattached() async throws {
        try await OwnRunnersBed.with { bed in
            let turn = try await attempt(bed, Self.long)
            turn.staysBehind = true
            let before = engine(bed, TestBook())
            let performance = start(turn, before, bed)
            try await turn.until("words") { turn.text.contains("word3") }
            performance.cancel()
            #expect(await performance.failure()?.kind == .other)
            await before.close()
            await bed.leave()
            #expect(bed.machine.up[0].fake.busySessions.count == 1, "it was not told to stop")

            try await bed.open()
            let after = engine(bed, TestBook())
            let remains = await after.remains(of: turn.run)
            #expect(remains.isRunnerAlive && remains.session != .missing)
            let resumed = TestAttempt(.resume, after: turn)
            #expect(await start(resumed, after, bed).failure() == nil)
            #expect(resumed.text == Self.words, "each part is said from its beginning")
            #expect(prompts(bed, "word30") == 1 && bed.machine.things.count == 1)
            await after.close()
        }
    }

    @Test("a runner that died while nobody looked: what is left of the run says so")
    func goneMeanwhile() async throws {
        try await OwnRunnersBed.with { bed in
            let turn = try await attempt(bed, "slow 10; say one two; hang")
            turn.staysBehind = true
            let before = engine(bed, TestBook())
            let performance = start(turn, before, bed)
            try await turn.until("words") { turn.text.contains("one") }
            performance.cancel()
            _ = await performance.failure()
            await before.close()
            await bed.leave()
            await bed.machine.end(bed.machine.up[0])
            try await bed.open()
            let after = engine(bed, TestBook())
            #expect(await !after.remains(of: turn.run).isRunnerAlive)
            await after.close()
        }
    }
}
