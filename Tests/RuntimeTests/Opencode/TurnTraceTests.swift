import TestSupport
import Testing

@testable import Runtime

@Suite("opencode: recorded turns")
struct TurnTraceTests {
    private func play(_ name: String) throws -> FollowedTurn {
        let recorded = try RecordedTurn(name)
        var player = TurnPlayer(recorded)
        player.play(recorded.events)
        player.finish()
        return player.followed
    }

    @Test("text and reasoning come in pieces, and the end at the idle word")
    func reasoning() throws {
        let seen = try play("reasoning")
        #expect(seen.pieces.map(\.text) == ["Let me think about it.", "Hello from the fake model."])
        #expect(seen.pieces.map(\.isReasoning) == [true, false])
        #expect(seen.effects.filter { if case .text = $0 { true } else { false } }.count == 5)
        #expect(seen.outcome == .completed(message: "msg_1fbd9f36b001N7S5Kd42zjpTkL", finish: "stop"))
        #expect(seen.prompted == ["msg_1fbd9f333001v8aMv0M1K8XDYZ"])
        #expect(seen.usage.input == 100 && seen.usage.output == 20)
        #expect(seen.usage.cached == 40 && seen.usage.reasoning == 5)
        #expect(seen.effects.contains(.read) == false)
    }

    @Test("a permission is asked for with its tool, and withdrawn when it is answered")
    func permission() throws {
        let seen = try play("permission-once")
        let ask = try #require(seen.asks.first)
        #expect(seen.asks.count == 1)
        #expect(ask.call == "call_b3upkp")
        guard case .permission(let permission) = ask.body else { throw Fault(.internal, "no permission") }
        #expect(permission.name == "bash" && permission.always == ["echo *", "sleep *"])
        #expect(seen.settled[ask.id] == .once)
        let tool = try #require(seen.tools.values.first)
        #expect(tool.status == .completed && tool.output == "one\ntwo\n")
        #expect(seen.text == "Done with tool.")
        // Two steps of the turn.
        #expect(seen.usage.input == 200 && seen.usage.output == 40)
    }

    @Test("a rejection ends the turn without an answer, one with a message does not")
    func rejections() throws {
        let plain = try play("permission-reject")
        guard case .completed(_, "tool-calls") = plain.outcome else {
            throw Fault(.internal, "\(plain.outcome as Any)")
        }
        #expect(plain.tools.values.first?.status == .failed && plain.text.isEmpty)
        let told = try play("permission-reject-message")
        #expect(told.text == "Done with tool.")
        #expect(told.tools.values.first?.error?.contains("use trash instead") == true)
    }

    @Test("a question comes with its options")
    func question() throws {
        let seen = try play("question")
        let ask = try #require(seen.asks.first)
        guard case .questions(let questions) = ask.body else { throw Fault(.internal, "no question") }
        #expect(questions.map(\.text) == ["Which?"] && questions[0].options.map(\.label) == ["A", "B"])
        #expect(seen.settled[ask.id] == .answered)
    }

    @Test("of two idle words the first is before the last message: the text is whole all the same")
    func abort() throws {
        let seen = try play("abort")
        #expect(seen.outcome == .aborted)
        #expect(seen.text == String(repeating: " tick", count: 12))
    }

    @Test("what somebody says meanwhile is answered in the same turn")
    func steering() throws {
        let seen = try play("steering")
        #expect(seen.text == "Hello from the fake model.Hello from the fake model.")
        #expect(seen.outcome == .completed(message: "msg_1fbdc8f16001VjDxtmLK4Ay4jU", finish: "stop"))
        #expect(seen.prompted.count == 1)
    }

    @Test("an error of the model is the end, with its status")
    func modelError() throws {
        guard case .failed(let error) = try play("error-401").outcome else { throw Fault(.internal, "no error") }
        #expect(error.name == "APIError" && error.status == 401 && error.message == "Incorrect API key")
    }

    @Test("an overflow is no end, and the summary no part of the answer")
    func overflow() throws {
        let seen = try play("overflow")
        #expect(seen.text == "Hello from the fake model.")
        #expect(seen.effects.filter { $0 == .compacting }.count == 1)
        guard case .completed = seen.outcome else { throw Fault(.internal, "\(seen.outcome as Any)") }
    }

    @Test("the idle word of a subtask does not end the turn; its words are not the answer's")
    func subtask() throws {
        let seen = try play("subtask")
        #expect(seen.text == "Done with tool.")
        let task = try #require(seen.tools.values.first)
        #expect(task.child == "ses_e041da594ffeOzZ9dYdZwQo7uu" && task.agent == "general" && task.status == .completed)
        // Two steps of its own and one of the subtask.
        #expect(seen.usage.input == 300)
    }

    @Test("each try again is told once, and an abort in the wait for one is an abort")
    func retries() throws {
        let seen = try play("retry-abort")
        let tries = seen.effects.compactMap { if case .retrying(let number, _, _) = $0 { number } else { nil } }
        #expect(tries == [1, 2, 3])
        #expect(seen.outcome == .aborted)
    }

    @Test("whatever part of the events is lost, a reading makes up for it", arguments: RecordedTurn.names)
    func anyCut(_ name: String) throws {
        let recorded = try RecordedTurn(name)
        var whole = TurnPlayer(recorded)
        whole.play(recorded.events)
        whole.finish()
        var random = SeededGenerator(seed: 7)
        let count = recorded.events.count
        // From the prompt on: before it there is nothing to follow.
        for _ in 0..<150 {
            let from = Int.random(in: 0...count, using: &random)
            let to = Int.random(in: from...count, using: &random)
            var player = TurnPlayer(recorded)
            player.play(recorded.events[..<from])
            player.lose(recorded.events[from..<to])
            player.gap()
            player.play(recorded.events[to...])
            player.finish()
            #expect(player.followed == whole.followed, "lost \(from)..<\(to)")
            if player.followed != whole.followed { return }
        }
    }

    @Test("one event lost at each place, one after the other gap", arguments: RecordedTurn.names)
    func manyCuts(_ name: String) throws {
        let recorded = try RecordedTurn(name)
        var whole = TurnPlayer(recorded)
        whole.play(recorded.events)
        whole.finish()
        var player = TurnPlayer(recorded)
        for (place, event) in recorded.events.enumerated() {
            if place % 3 == 1 {
                player.lose([event])
                player.gap()
            } else {
                player.play([event])
            }
        }
        player.finish()
        #expect(player.followed == whole.followed)
    }

    @Test("events that come twice change nothing", arguments: RecordedTurn.names)
    func twice(_ name: String) throws {
        let recorded = try RecordedTurn(name)
        var once = TurnPlayer(recorded)
        once.play(recorded.events)
        once.finish()
        // Deltas bear no mark of their own: their doubles are told by the stream's ids.
        var player = TurnPlayer(recorded)
        for event in recorded.events {
            if case .delta = event.body { player.play([event]) } else { player.play([event, event]) }
        }
        player.finish()
        #expect(player.followed == once.followed)
    }
}
