import Testing

@testable import Runtime

/// Tables of values for what no recording has.
@Suite("opencode: a turn")
struct TurnTests {
    private func player(_ limits: OpencodeTurn.Limits = .init()) -> TurnPlayer {
        TurnPlayer("ses_1", wanted: .init(parts: ["prt_own"], text: "hi", since: 5), limits: limits)
    }

    private func user(_ id: String = "msg_u", at created: Int64 = 10) -> OpencodeEvent {
        OpencodeEvent(.message(.init(id: id, session: "ses_1", isUser: true, created: created)))
    }

    private func words(_ text: String, part: String = "prt_own", of message: String = "msg_u") -> OpencodeEvent {
        OpencodeEvent(
            .part(.init(id: part, session: "ses_1", message: message, .text(text, isSynthetic: false))))
    }

    private func answer(
        _ id: String = "msg_a", to parent: String? = "msg_u", at created: Int64 = 11, completed: Int64? = nil,
        finish: String? = nil, error: OpencodeError? = nil
    ) -> OpencodeEvent {
        OpencodeEvent(
            .message(
                .init(
                    id: id, session: "ses_1", isUser: false, parent: parent, created: created, completed: completed,
                    finish: finish, error: error)))
    }

    private func text(_ text: String, isEnded: Bool = false, part: String = "prt_1", of message: String = "msg_a")
        -> OpencodeEvent
    {
        OpencodeEvent(
            .part(
                .init(id: part, session: "ses_1", message: message, isEnded: isEnded, .text(text, isSynthetic: false))))
    }

    private func delta(_ text: String, part: String = "prt_1") -> OpencodeEvent {
        OpencodeEvent(.delta(session: "ses_1", message: "msg_a", part: part, field: "text", text: text))
    }

    private func status(_ status: OpencodeStatus) -> OpencodeEvent { OpencodeEvent(.status(session: "ses_1", status)) }

    private func tool(_ tool: OpencodeTool, part: String = "prt_t") -> OpencodeEvent {
        OpencodeEvent(.part(.init(id: part, session: "ses_1", message: "msg_a", .tool(tool))))
    }

    private var begun: [OpencodeEvent] { [user(), words("hi"), status(.busy), answer()] }
    private var done: [OpencodeEvent] { [answer(completed: 20, finish: "stop"), status(.idle)] }

    @Test("the old dialect gives the whole text each time")
    func oldDialect() {
        var player = player()
        player.play(begun + [text("He"), text("Hello"), text("Hello you", isEnded: true)] + done)
        #expect(player.followed.pieces.map(\.text) == ["Hello you"])
        #expect(player.followed.effects.filter { if case .text = $0 { true } else { false } }.count == 3)
        #expect(player.followed.outcome == .completed(message: "msg_a", finish: "stop"))
    }

    @Test("blanks that a plugin takes away are let be; another text follows under a name of its own")
    func rewritten() {
        var trimmed = player()
        trimmed.play(begun + [text(""), delta("Hello \n"), text("Hello", isEnded: true)] + done)
        #expect(trimmed.followed.pieces.map(\.text) == ["Hello \n"])
        var other = player()
        other.play(begun + [text(""), delta("Hello"), text("Good-bye", isEnded: true)] + done)
        #expect(other.followed.pieces.map(\.text) == ["Hello", "Good-bye"])
        #expect(other.followed.pieces.map(\.part) == ["prt_1", "prt_1~1"])
        #expect(other.followed.effects.contains(.rewritten(part: "prt_1")))
    }

    @Test("letters that are put together of several marks are compared byte for byte")
    func marks() {
        var player = player()
        player.play(begun + [text(""), delta("cafe"), delta("\u{301}"), text("cafe\u{301}!", isEnded: true)] + done)
        #expect(player.followed.text.unicodeScalars.elementsEqual("cafe\u{301}!".unicodeScalars))
    }

    @Test("an earlier turn that ends late does not end this one")
    func lateEnd() {
        var player = player()
        let old = [
            OpencodeEvent(.message(.init(id: "msg_0", session: "ses_1", isUser: true, created: 1))),
            OpencodeEvent(
                .message(
                    .init(
                        id: "msg_00", session: "ses_1", isUser: false, parent: "msg_0", created: 2, completed: 9,
                        error: OpencodeError("MessageAbortedError", "Aborted")))),
            text("old", isEnded: true, part: "prt_0", of: "msg_00"), status(.idle),
        ]
        player.play([user(), words("hi")] + old)
        #expect(player.followed.outcome == nil && player.followed.text.isEmpty)
        player.play([status(.busy), answer(), text("new", isEnded: true)] + done)
        #expect(player.followed.text == "new")
        #expect(player.followed.outcome == .completed(message: "msg_a", finish: "stop"))
    }

    @Test("a server that keeps no ids of parts: the prompt is known by its text, and not by an older one")
    func byText() {
        var player = player()
        player.play([user("msg_old", at: 1), words("hi", part: "prt_old", of: "msg_old")])
        #expect(player.followed.prompted.isEmpty)
        player.play([user(), words("hi", part: "prt_theirs")])
        #expect(player.followed.prompted == ["msg_u"])
    }

    @Test("a server that changes the text: the prompt is what the first answer answers")
    func byAnswer() {
        var player = player()
        player.play([user(), words("hi, please", part: "prt_theirs"), status(.busy), answer()])
        #expect(player.followed.prompted == ["msg_u"])
    }

    @Test(
        "a prompt that the server does not know, and an answer in the middle of which it ended, are sure after a while")
    func doubts() {
        var absent = player()
        absent.gap()
        #expect(absent.followed.outcome == nil)
        absent.finish()
        #expect(absent.followed.outcome == .absent)
        var cut = player()
        cut.play(begun + [text(""), delta("Hel")])
        cut.lose([status(.idle)])
        cut.gap()
        #expect(cut.followed.outcome == nil)
        cut.finish()
        #expect(cut.followed.outcome == .cut)
        #expect(cut.followed.text == "Hel")
    }

    @Test("a server that ended between two steps has cut the turn, though its last message is whole")
    func betweenSteps() {
        var player = player()
        player.play(begun + [tool(.init(name: "bash", status: .completed, output: "x"))])
        player.play([answer(completed: 20, finish: "tool-calls")])
        player.lose([status(.idle)])
        player.gap()
        player.finish()
        #expect(player.followed.outcome == .cut)
        var refused = self.player()
        refused.play(
            begun + [tool(.init(name: "bash", status: .failed, error: "The user rejected permission to use x"))])
        refused.play([answer(completed: 20, finish: "tool-calls"), status(.idle)])
        #expect(refused.followed.outcome == .completed(message: "msg_a", finish: "tool-calls"))
    }

    @Test("an error with no word about the status ends the turn")
    func errorAlone() {
        var player = player()
        let error = OpencodeError("UnknownError", "Model not found: nope/zz.")
        player.play([user(), words("hi"), OpencodeEvent(.failed(session: "ses_1", error))])
        player.finish()
        #expect(player.followed.outcome == .failed(error))
    }

    @Test("a prompt that is refused ends the turn with the first word about it, an error of an earlier turn does not")
    func refused() {
        var player = player()
        let refusal = OpencodeError("UnknownError", "Agent not found: \"nobody\". Available agents: build, plan")
        let trace = OpencodeError("UnknownError", "Error: Agent not found: \"nobody\"\n    at SessionPrompt.run")
        player.play([refusal, trace].map { OpencodeEvent(.failed(session: "ses_1", $0)) })
        #expect(player.followed.outcome == .failed(refusal))
        var late = self.player()
        late.play([OpencodeEvent(.failed(session: "ses_1", OpencodeError("APIError", "earlier", status: 500)))])
        late.finish()
        #expect(late.followed.outcome == .absent)
    }

    @Test("a stream that tells nothing while the session goes on is connected again")
    func deaf() {
        var player = player()
        player.play(begun)
        player.lose([tool(OpencodeTool(name: "bash", status: .running))])
        player.wait(.seconds(16))
        #expect(player.followed.tools["prt_t"]?.status == .running)
        #expect(!player.followed.effects.contains(.reconnect))
        player.lose([tool(OpencodeTool(name: "bash", status: .completed, output: "x"))])
        player.wait(.seconds(16))
        #expect(player.followed.effects.contains(.reconnect))
        player.lose([text("end", isEnded: true)] + done)
        player.wait(.seconds(16))
        #expect(player.followed.outcome == .completed(message: "msg_a", finish: "stop"))
        #expect(player.followed.text == "end")
    }

    @Test("a silent tool may take half an hour, a silent model may not, and a person all the time there is")
    func inactivity() {
        var inTool = player()
        inTool.play(begun + [tool(OpencodeTool(name: "bash", status: .running))])
        for _ in 0..<1800 { inTool.wait(.seconds(1)) }
        #expect(inTool.followed.outcome == nil)
        for _ in 0..<5400 { inTool.wait(.seconds(1)) }
        guard case .stuck = inTool.followed.outcome else { return #expect(inTool.followed.outcome == .cut) }

        var silent = player()
        silent.play(begun)
        for _ in 0..<599 { silent.wait(.seconds(1)) }
        #expect(silent.followed.outcome == nil)
        silent.wait(.seconds(1))
        #expect(silent.followed.outcome == .stuck(.seconds(600)))

        var asking = player()
        asking.play(
            begun + [OpencodeEvent(.asked(.init(id: "que_1", session: "ses_1", .questions([.init(text: "Which?")]))))])
        for _ in 0..<20_000 { asking.wait(.seconds(1)) }
        #expect(asking.followed.outcome == nil)
    }

    @Test("an ask that was answered while nobody looked is settled, and one that came since is not")
    func asks() {
        let ask = OpencodeAsk(id: "per_1", session: "ses_1", .permission(.init(name: "bash")))
        var player = player()
        player.play(begun + [OpencodeEvent(.asked(ask))])
        player.lose([OpencodeEvent(.answered(session: "ses_1", ask: "per_1", .once, answers: []))])
        player.gap()
        #expect(player.followed.settled.keys.contains("per_1"))

        var turn = OpencodeTurn(
            session: "ses_1", wanted: .init(parts: ["prt_own"]), now: Instant(nanoseconds: 1))
        for event in begun { _ = turn.take(event, now: Instant(nanoseconds: 1)) }
        let early = turn.mark
        _ = turn.take(OpencodeEvent(.asked(ask)), now: Instant(nanoseconds: 1))
        let effects = turn.resync(.init(status: .busy, mark: early), now: Instant(nanoseconds: 1))
        #expect(effects.isEmpty && turn.openAsks == [ask])
    }

    @Test("what was read before an event does not undo it")
    func olderReading() {
        var turn = OpencodeTurn(session: "ses_1", wanted: .init(parts: ["prt_own"]), now: Instant(nanoseconds: 1))
        let now = Instant(nanoseconds: 1)
        for event in begun { _ = turn.take(event, now: now) }
        let early = turn.mark
        let running = OpencodeTool(name: "bash", status: .running, output: "one\ntwo\n")
        _ = turn.take(tool(running), now: now)
        var old = OpencodeMessage(id: "msg_a", session: "ses_1", isUser: false, parent: "msg_u", created: 11)
        old.parts = [
            .init(
                id: "prt_t", session: "ses_1", message: "msg_a",
                .tool(OpencodeTool(name: "bash", status: .running, output: "one\n")))
        ]
        #expect(turn.resync(.init(status: .idle, messages: [old], mark: early - 1), now: now).isEmpty)
        #expect(!turn.isEnded)
    }

    @Test("a subtask's tools name the call that began it, and its asks are marked")
    func subtask() {
        var player = player()
        var task = OpencodeTool(name: "task", status: .running, child: "ses_2", agent: "general")
        let child = OpencodeSession(id: "ses_2", parent: "ses_1", created: 12)
        let step = OpencodeEvent(
            .part(.init(id: "prt_c", session: "ses_2", message: "msg_c", .tool(.init(name: "bash", status: .running)))))
        let ask = OpencodeAsk(id: "per_1", session: "ses_2", .permission(.init(name: "bash")))
        player.play(begun + [OpencodeEvent(.session(child)), tool(task), step, OpencodeEvent(.asked(ask))])
        #expect(player.followed.parents == ["prt_c": "prt_t"])
        #expect(player.followed.effects.contains(.ask(ask, tool: nil, isSubtask: true)))
        player.play([OpencodeEvent(.status(session: "ses_2", .idle))])
        #expect(player.followed.outcome == nil)
        task.status = .completed
        player.play([tool(task)] + done)
        #expect(player.followed.outcome != nil)
        #expect(player.followed.settled.keys.contains("per_1"))
    }

    @Test("asks of strangers are nobody's")
    func strangers() {
        var player = player()
        let ask = OpencodeAsk(id: "per_1", session: "ses_9", .permission(.init(name: "bash")))
        player.play(begun + [OpencodeEvent(.asked(ask))])
        #expect(player.followed.asks.isEmpty)
    }

    @Test("an answer bound to a schema is told as its value")
    func structured() {
        var player = player()
        var last = OpencodeMessage(
            id: "msg_a", session: "ses_1", isUser: false, parent: "msg_u", created: 11, completed: 20, finish: "stop")
        last.structured = ["a": 1]
        player.play(begun + [tool(.init(name: "StructuredOutput", status: .completed))])
        player.play([OpencodeEvent(.message(last)), status(.idle)])
        #expect(player.followed.effects.contains(.structured(["a": 1])))
        #expect(player.followed.tools.isEmpty)
    }

    @Test("a session that is removed ends its turn")
    func removed() {
        var player = player()
        player.play(begun + [OpencodeEvent(.sessionRemoved("ses_1"))])
        #expect(player.followed.outcome == .removed)
    }
}
