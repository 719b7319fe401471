import FakeOpencode
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("the opencode engine: lost streams and dead servers")
@Loop
struct EngineCrashTests {
    private static let long = "slow 10; say " + (1...40).map { "word\($0)" }.joined(separator: " ")
    private static let words = (1...40).map { "word\($0)" }.joined(separator: " ")

    @Test("a stream that breaks in the middle of a word loses and doubles nothing")
    func droppedStream() async throws {
        try await EngineBed.with { bed in
            let attempt = bed.attempt(EngineCrashTests.long)
            let performance = bed.start(attempt)
            for word in [5, 12, 20] {
                try await attempt.until("words") { attempt.text.contains("word\(word)") || attempt.text.count > 280 }
                bed.fake.dropStreams()
                try await bed.fake.until("a new stream") { bed.fake.streamCount == 1 || bed.fake.busySessions.isEmpty }
            }
            #expect(await performance.failure() == nil)
            #expect(attempt.text == EngineCrashTests.words)
            #expect(bed.fake.modelCalls == 1)
        }
    }

    @Test("a stream that goes silent, tells heartbeats only, or ends at once: the session is read instead")
    func deafStreams() async throws {
        try await EngineBed.with { bed in
            bed.fake.heartbeatsOnly()
            let deaf = bed.attempt("bash echo hi; say through")
            #expect(await bed.perform(deaf) == nil)
            #expect(deaf.text.contains("through") && deaf.tools.first?.output == "hi\n")
            bed.fake.recover()

            let silent = bed.attempt("slow 20; say one two three four; bash echo x; say end")
            let performance = bed.start(silent)
            try await silent.until("words") { silent.text.contains("one") }
            bed.fake.goSilent()
            try await bed.fake.until("the end there") { bed.fake.busySessions.isEmpty }
            bed.fake.recover()
            #expect(await performance.failure() == nil)
            #expect(silent.text.hasPrefix("one two three four") && silent.text.hasSuffix("end"))

            bed.fake.modes.closesStreams = true
            bed.fake.dropStreams()
            let closing = bed.attempt("say all the same")
            let outcome = await bed.perform(closing)
            #expect(
                outcome == nil && closing.text == "all the same" || outcome?.kind == .agentGone && closing.begun == 0)
        }
    }

    @Test("a stream that was muted is connected again")
    func muted() async throws {
        try await EngineBed.with { bed in
            let attempt = bed.attempt(EngineCrashTests.long)
            let performance = bed.start(attempt)
            try await attempt.until("words") { attempt.text.contains("word3") }
            bed.fake.muteStreams()
            #expect(await performance.failure() == nil)
            #expect(attempt.text == EngineCrashTests.words)
        }
    }

    @Test("a server that answers no call while a turn runs is gone")
    func hung() async throws {
        try await EngineBed.with { bed in
            let attempt = bed.attempt("say one; hang")
            let performance = bed.start(attempt)
            try await attempt.until("words") { attempt.text.contains("one") }
            bed.fake.hangHTTP()
            bed.fake.goSilent()
            #expect(await performance.failure()?.kind == .agentGone)
            #expect(attempt.notices.contains { $0.contains("It is waited for") })
            bed.fake.recover()
            #expect(bed.handedOver("say one") == 1)
        }
    }

    @Test("a server that dies in the middle of a turn and comes back: the turn is cut, and nothing runs twice")
    func crash() async throws {
        try await EngineBed.with { bed in
            let attempt = bed.attempt("slow 10; say one two three four; hang")
            let performance = bed.start(attempt)
            try await attempt.until("words") { attempt.text.contains("two") }
            try await bed.fake.restart()
            #expect(await performance.failure()?.kind == .agentGone)
            #expect(bed.handedOver("four") == 1)
            #expect(bed.book.nodes.map(\.isComplete) == [false])
            // Asked to restart the runner, it looks first: the turn is over, and cut.
            let again = TestAttempt(.restartRunner, after: attempt)
            #expect(await bed.perform(again)?.kind == .agentFailed)
            #expect(bed.handedOver("four") == 1 && again.begun == 0)
            // Said plainly to run it again, it does.
            let plain = TestAttempt(.again, after: attempt)
            let run = bed.start(plain)
            try await plain.until("words") { plain.text.contains("four") }
            run.cancel()
            _ = await run.failure()
            #expect(bed.handedOver("four") == 2)
        }
    }

    @Test("a server that loses its sessions in the crash: the session is missing")
    func crashAndLoss() async throws {
        try await EngineBed.with { bed in
            let attempt = bed.attempt("say one; hang")
            let performance = bed.start(attempt)
            try await attempt.until("words") { attempt.text.contains("one") }
            try await bed.fake.restart(losingSessions: true)
            #expect(await performance.failure()?.kind == .sessionMissing)
            #expect(bed.handedOver("say one") == 1)
        }
    }

    @Test("a server that stays away is gone")
    func gone() async throws {
        try await EngineBed.with { bed in
            let attempt = bed.attempt("say one; hang")
            let performance = bed.start(attempt)
            try await attempt.until("words") { attempt.text.contains("one") }
            await bed.fake.kill()
            #expect(await performance.failure()?.kind == .agentGone)
        }
    }

    @Test("after a restart of Perigee the turn is followed where it stands, or read when it has ended")
    func resumed() async throws {
        try await EngineBed.with { bed in
            let attempt = bed.attempt(EngineCrashTests.long)
            let performance = bed.start(attempt)
            try await attempt.until("words") { attempt.text.contains("word3") }
            let going = await bed.engine.remains(of: attempt.run)
            #expect(going == RunRemains(isRunnerAlive: true, session: .busy, isAnswerComplete: false))
            // As if this process were another one.
            let follower = TestAttempt(.resume, after: attempt)
            #expect(await bed.perform(follower) == nil)
            #expect(await performance.failure() == nil)
            #expect(follower.text == EngineCrashTests.words && follower.begun == 0)
            let reader = TestAttempt(.resume, after: attempt)
            #expect(await bed.perform(reader) == nil)
            #expect(reader.text == EngineCrashTests.words && bed.fake.modelCalls == 1)
            let ended = await bed.engine.remains(of: attempt.run)
            #expect(ended == RunRemains(isRunnerAlive: true, session: .idle, isAnswerComplete: true))
            bed.fake.loseSessions()
            #expect(await bed.engine.remains(of: attempt.run).session == .missing)
            await bed.fake.kill()
            #expect(await bed.engine.remains(of: attempt.run) == RunRemains())
        }
    }

    @Test(
        "wherever the server dies, no prompt is handed over twice, and every run has an end", arguments: UInt64(0)..<12)
    func killedAnywhere(_ seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let after = Int.random(in: 0...30, using: &random)
        try await EngineBed.with { bed in
            let attempt = bed.attempt("slow 2; say one two three; bash echo x; say four five six")
            // The moment: so many changes of the double after the start, from before the prompt to after the end.
            let killing = bed.scope.spawn("killing") {
                var seen = 0
                try await bed.fake.until("the moment") {
                    seen += 1
                    return seen > after
                }
                try await bed.fake.restart()
            }
            let failure = await bed.perform(attempt)
            killing.cancel()
            await killing.value
            #expect(bed.handedOver("four") <= 1)
            guard failure != nil else { return #expect(attempt.text.contains("six")) }
            let again = TestAttempt(.restartRunner, after: attempt)
            let second = await bed.perform(again)
            #expect(bed.handedOver("four") <= 1, "\(failure as Any), then \(second as Any)")
            if attempt.begun == 0 { #expect(second == nil && again.text.contains("six")) }
        }
    }
}
