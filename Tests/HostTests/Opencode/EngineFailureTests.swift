import FakeOpencode
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("the opencode engine: failures")
@Loop
struct EngineFailureTests {
    @Test("a run that is cancelled stops the agent")
    func cancelled() async throws {
        try await EngineBed.with { bed in
            let attempt = bed.attempt("slow 20; say one two three; hang")
            let performance = bed.start(attempt)
            try await attempt.until("words") { attempt.text.contains("two") }
            performance.cancel()
            _ = await performance.failure()
            #expect(bed.fake.busySessions.isEmpty)
            #expect(bed.book.nodes.map(\.isComplete) == [false])
            // The session serves the next turn.
            let next = bed.attempt("say fine")
            #expect(await bed.perform(next) == nil && next.text == "fine")
        }
    }

    @Test("a session that is gone is told apart from a server that is gone")
    func lostSession() async throws {
        try await EngineBed.with { bed in
            #expect(await bed.perform(bed.attempt("say one")) == nil)
            bed.fake.loseSessions()
            let attempt = bed.attempt("say two")
            #expect(await bed.perform(attempt)?.kind == .sessionMissing)
            #expect(attempt.begun == 0 && bed.handedOver("say two") == 0)
            let again = TestAttempt(.recreateSession, after: attempt)
            #expect(await bed.perform(again) == nil && again.text == "two")
            let feed = try await bed.server.follow("ses_other")
            await bed.fake.kill()
            while true { if case .lost? = try await feed.next(within: .seconds(10)) { break } }
            feed.close()
            let down = bed.attempt("say three")
            #expect(await bed.perform(down)?.kind == .agentGone)
            #expect(down.begun == 0)
        }
    }

    @Test("a session at work for somebody else is busy, and is let be")
    func busy() async throws {
        try await EngineBed.with { bed in
            let session = try await bed.server.create(.init(title: "theirs"), in: bed.directory.path)
            try await bed.server.prompt(.init(parts: [.text("hang")]), to: session.id)
            try await bed.fake.until("busy") { bed.fake.busySessions == [session.id] }
            bed.book.next = .resume(session: session.id)
            #expect(await bed.perform(bed.attempt("say mine"))?.kind == .sessionBusy)
            #expect(bed.fake.busySessions == [session.id] && bed.handedOver("say mine") == 0)
        }
    }

    @Test(
        "errors of models have their kind",
        arguments: [
            ("error 401", RunFailure.Kind.unauthorized), ("error 500", .providerFailed), ("error 429", .rateLimited),
            ("error ProviderAuthError", .unauthorized), ("error MessageOutputLengthError", .outputLimit),
            ("error ContentFilterError", .contentFiltered), ("error SomethingNew", .agentFailed),
        ])
    func kinds(_ text: String, _ kind: RunFailure.Kind) async throws {
        try await EngineBed.with { bed in
            let attempt = bed.attempt("say so far; \(text)")
            #expect(await bed.perform(attempt)?.kind == kind)
            #expect(attempt.text == "so far")
        }
    }

    @Test("an unknown model and an unknown agent are failures that name it")
    func unknown() async throws {
        try await EngineBed.with { bed in
            let model = await bed.perform(bed.attempt("say x") { $0.model = "nope/zz" })
            #expect(model?.kind == .modelMissing && model?.message.contains("nope/zz") == true)
            let form = await bed.perform(bed.attempt("say x") { $0.model = "nope" })
            #expect(form?.hint == "write it as provider/model")
            let agent = await bed.perform(bed.attempt("say x") { $0.agent = "nobody" })
            #expect(agent?.kind == .agentMissing && agent?.hint?.contains("opencode.json") == true)
            // The second word about it, with the server's insides, is not the one that is passed on.
            #expect(agent?.message.hasPrefix("Agent not found: \"nobody\". Available agents: build") == true)
            #expect(agent?.message.contains("SessionPrompt") == false && bed.fake.modelCalls == 0)
        }
    }

    @Test("an answer that is cut at its limit is an answer, one that a filter cut is none")
    func limits() async throws {
        try await EngineBed.with { bed in
            let cut = bed.attempt("say as far as; finish length")
            #expect(await bed.perform(cut) == nil)
            #expect(cut.text == "as far as" && cut.events.last?.kind == .cut)
            #expect(await bed.perform(bed.attempt("say x; finish content-filter"))?.kind == .contentFiltered)
        }
    }

    @Test("a version that nobody knows is refused clearly, and 2.x is known by its own call")
    func versions() async throws {
        try await EngineBed.with { bed in
            bed.fake.version = "7.0.1"
            let failure = await bed.perform(bed.attempt("say x"))
            #expect(failure?.message.contains("7.0.1") == true && failure?.hint != nil)
        }
        try await EngineBed.with({ $0.password = "pw" }, password: "pw") { bed in
            bed.fake.modes.newMajor = true
            bed.fake.version = "2.1.4"
            let capabilities = try await bed.server.probe()
            #expect(capabilities.major == 2 && capabilities.version == "2.1.4" && !capabilities.canFork)
        }
    }

    @Test("a directory that is none is refused before anything is asked")
    func directory() async throws {
        try await EngineBed.with { bed in
            for path in ["", "work", "/a/../b"] {
                #expect(await bed.perform(bed.attempt("say x") { $0.directory = path }) != nil)
            }
            #expect(bed.fake.sessions.isEmpty)
        }
    }
}
