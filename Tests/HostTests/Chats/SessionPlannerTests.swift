import Runtime
import Testing

@testable import Host

@Suite("where a turn goes on")
struct SessionPlannerTests {
    /// The chat u1 → a1, u2 → a2 in session S, as a client with ids tells it.
    private static let chat: [ChatNode] = [
        node(1, "a1", user: "u1", parent: "", texts: ["one"], engine: "m1"),
        node(2, "a2", user: "u2", parent: "a1", texts: ["one", "two"], engine: "m2"),
    ]

    struct Case: Sendable, CustomTestStringConvertible {
        let what: String
        let nodes: [ChatNode]
        var message: String? = "new"
        var user: String? = "u9"
        var parent: String?
        let texts: [String]
        var keeps = true
        var goesOn = false
        var context: String?
        /// Those of the texts that have no answer in the history.
        var unanswered: Set<String> = []
        let plan: SessionPlan

        var testDescription: String { what }
    }

    static let withIDs: [Case] = [
        Case(what: "a first message", nodes: [], parent: "", texts: [], plan: .fresh(seed: false)),
        Case(what: "the next message", nodes: chat, parent: "a2", texts: ["one", "two"], plan: .resume(session: "S")),
        Case(
            what: "the last answer again", nodes: chat, message: "a3", user: "u2", parent: "a1", texts: ["one"],
            plan: .fork(session: "S", before: "m2")),
        Case(
            what: "the second message edited", nodes: chat, message: "a5", user: "u5", parent: "a1", texts: ["one"],
            plan: .fork(session: "S", before: "m2")),
        Case(
            what: "the first message edited", nodes: chat, message: "a6", user: "u6", parent: "", texts: [],
            plan: .fresh(seed: false)),
        Case(
            what: "the last answer, but shorter", nodes: chat, message: "a4", user: "u2", parent: "a1",
            texts: ["one", "two"], plan: .resume(session: "S")),
        Case(
            what: "the last answer goes on", nodes: chat, message: "a2", user: "u2", parent: "a1",
            texts: ["one", "two"], plan: .resume(session: "S")),
        Case(
            what: "an older answer goes on", nodes: chat, message: "a1", user: "u1", parent: "", texts: ["one"],
            plan: .fork(session: "S", before: "m2")),
        Case(
            what: "an imported chat", nodes: [], parent: "x7", texts: ["one", "two"], plan: .fresh(seed: true)),
        Case(
            what: "after an answer that never reached a session",
            nodes: chat + [
                node(3, "a3", user: "u3", parent: "a2", texts: ["one", "two", "three"], session: nil, engine: nil)
            ], parent: "a3", texts: ["one", "two", "three"], unanswered: ["three"],
            plan: .resume(session: "S", knowing: missed(1))),
        Case(
            what: "after two of them, from which the client kept a part of an answer",
            nodes: chat + [
                node(3, "a3", user: "u3", parent: "a2", texts: ["one", "two", "three"], session: nil, engine: nil),
                node(4, "a4", user: "u4", parent: "a3", texts: ["1", "2", "3", "4"], session: nil, engine: nil),
            ], parent: "a4", texts: ["one", "two", "three", "four"], unanswered: ["three"],
            plan: .resume(session: "S", knowing: missed(3))),
        Case(
            what: "more of an answer that never reached a session",
            nodes: chat + [
                node(3, "a3", user: "u3", parent: "a2", texts: ["one", "two", "three"], session: nil, engine: nil)
            ], message: "a3", user: "u3", parent: "a2", texts: ["one", "two", "three"], goesOn: true,
            plan: .resume(session: "S", knowing: missed(2))),
        Case(
            what: "after a message that Perigee never saw", nodes: chat, parent: "x3",
            texts: ["one", "two", "three"], unanswered: ["three"], plan: .resume(session: "S", knowing: missed(1))),
        Case(
            what: "after an answer that another provider gave", nodes: chat, parent: "x3",
            texts: ["one", "two", "three"], plan: .resume(session: "S", knowing: missed(2))),
        Case(
            what: "after an unknown message on one of two branches that look alike, told by the answer",
            nodes: chat + [
                node(3, "a3", user: "u2", parent: "a1", texts: ["one", "two"], session: "F", engine: "m3", said: "2")
            ], parent: "x3", texts: ["one", "two", "three"], unanswered: ["three"],
            plan: .resume(session: "S", knowing: missed(1))),
        Case(
            what: "after an unknown message where two turns look alike",
            nodes: [chat[0]] + [
                node(2, "a2", user: "u2", parent: "a1", texts: ["one", "two"], engine: "m2", said: "2"),
                node(3, "a3", user: "u2", parent: "a1", texts: ["one", "two"], session: "F", engine: "m3", said: "3"),
            ], parent: "x3", texts: ["one", "two", "three"], unanswered: ["three"],
            plan: .fork(session: "S", before: "m2", knowing: missed(3))),
        Case(
            what: "on the branch that a regenerated answer began",
            nodes: chat + [node(3, "a3", user: "u2", parent: "a1", texts: ["one", "two"], session: "F", engine: "m3")],
            parent: "a3", texts: ["one", "two"], plan: .resume(session: "F")),
        Case(
            what: "back on the branch before it",
            nodes: chat + [node(3, "a3", user: "u2", parent: "a1", texts: ["one", "two"], session: "F", engine: "m3")],
            parent: "a2", texts: ["one", "two"], plan: .resume(session: "S")),
        Case(
            what: "regenerated once more",
            nodes: chat + [node(3, "a3", user: "u2", parent: "a1", texts: ["one", "two"], session: "F", engine: "m3")],
            message: "a4", user: "u2", parent: "a1", texts: ["one"], plan: .fork(session: "S", before: "m2")),
        Case(
            what: "nothing is to be kept", nodes: chat, parent: "a2", texts: ["one", "two"], keeps: false,
            plan: .fresh(seed: true)),
        Case(
            what: "parents in a circle",
            nodes: [
                ChatNode(number: 1, run: "r1", voice: "v", message: "a1", userMessage: "u", parent: "a2", path: "p"),
                ChatNode(number: 2, run: "r2", voice: "w", message: "a2", userMessage: "u", parent: "a1", path: "p"),
            ], parent: "a1", texts: ["one"], plan: .fresh(seed: true)),
    ]

    /// Two voices answer each message; the client goes on from the answers of `w`.
    private static let pair: [ChatNode] = [
        node(1, "a1", user: "u1", parent: "", texts: ["one"], engine: "m1"),
        node(2, "b1", user: "u1", parent: "", texts: ["one"], session: "W", engine: "n1", voice: "w"),
    ]

    static let withTwoVoices: [Case] = [
        Case(
            what: "the other one's answer was chosen", nodes: pair, user: "u2", parent: "b1", texts: ["one"],
            plan: .resume(session: "S", knowing: missed(1))),
        Case(
            what: "and once more",
            nodes: pair + [
                node(3, "b2", user: "u2", parent: "b1", texts: ["one", "two"], session: "W", engine: "n2", voice: "w"),
                node(4, "a2", user: "u2", parent: "b1", texts: ["one", "two"], engine: "m2"),
            ], user: "u3", parent: "b2", texts: ["one", "two"], plan: .resume(session: "S", knowing: missed(1))),
        Case(
            what: "back to this one after the other had a turn alone",
            nodes: pair + [
                node(3, "b2", user: "u2", parent: "a1", texts: ["one", "two"], session: "W", engine: "n2", voice: "w")
            ], user: "u3", parent: "b2", texts: ["one", "two"], plan: .resume(session: "S", knowing: missed(2))),
        Case(
            what: "to one that has not been asked yet", nodes: [pair[1]], user: "u2", parent: "b1", texts: ["one"],
            plan: .fresh(seed: true)),
        Case(
            what: "back to an older place, behind which this one went on",
            nodes: pair + [node(3, "a2", user: "u2", parent: "a1", texts: ["one", "two"], engine: "m2")],
            user: "u3", parent: "b1", texts: ["one"], plan: .fork(session: "S", before: "m2", knowing: missed(1))),
    ]

    @Test("of a chat in which two voices answer", arguments: withTwoVoices)
    func voices(_ given: Case) { #expect(SessionPlannerTests.plan(given, chat: "c") == given.plan) }

    private static let documented: [ChatNode] = [
        node(1, "a1", user: "u1", parent: "", texts: ["one"], engine: "m1", context: "x"),
        node(2, "a2", user: "u2", parent: "a1", texts: ["one", "two"], engine: "m2", context: "y"),
    ]

    static let withContext: [Case] = [
        Case(
            what: "the same again", nodes: documented, parent: "a2", texts: ["one", "two"], context: "x",
            plan: .resume(session: "S", knowing: SessionKnowledge(hasContext: true))),
        Case(
            what: "another one", nodes: documented, parent: "a2", texts: ["one", "two"], context: "z",
            plan: .resume(session: "S")),
        Case(
            what: "one that came only behind the place of the fork", nodes: documented, parent: "a1", texts: ["one"],
            context: "y", plan: .fork(session: "S", before: "m2")),
        Case(what: "none", nodes: documented, parent: "a2", texts: ["one", "two"], plan: .resume(session: "S")),
    ]

    @Test("what the client found in documents is known to a session that was told of it", arguments: withContext)
    func context(_ given: Case) { #expect(SessionPlannerTests.plan(given, chat: "c") == given.plan) }

    @Test("a choice says why")
    func reasons() {
        let lineage = Lineage(chat: "c", voice: "v", message: "n", userMessage: "u9", parent: "a2")
        let history = [RunInput.Message(role: "user", text: "one")]
        let choice = SessionPlanner(nodes: Self.chat).choose(.init(lineage: lineage, history: history))
        #expect(choice.reason.contains("r2"))
        #expect(Decision(choice).value?["session"] == "S" && Decision(choice).reason == choice.reason)
    }

    private static func missed(_ count: Int) -> SessionKnowledge { SessionKnowledge(missed: count) }

    @Test("of a client that names its messages", arguments: withIDs)
    func named(_ given: Case) { #expect(SessionPlannerTests.plan(given, chat: "c") == given.plan) }

    static let withoutIDs: [Case] = [
        Case(
            what: "a first message", nodes: chat, message: nil, user: nil, texts: [], plan: .fresh(seed: false)),
        Case(
            what: "the next message", nodes: chat, message: nil, user: nil, texts: ["one", "two"],
            plan: .resume(session: "S")),
        Case(
            what: "white space around it has changed", nodes: chat, message: nil, user: nil, texts: [" one\n", "two "],
            plan: .resume(session: "S")),
        Case(
            what: "the second message edited", nodes: chat, message: nil, user: nil, texts: ["one"],
            plan: .fork(session: "S", before: "m2")),
        Case(
            what: "a history that nobody knows", nodes: chat, message: nil, user: nil, texts: ["three"],
            plan: .fresh(seed: true)),
        Case(
            what: "after a message that got no answer", nodes: chat, message: nil, user: nil,
            texts: ["one", "two", "three"], unanswered: ["three"],
            plan: .resume(session: "S", knowing: missed(1))),
    ]

    @Test("of a client that names its chat alone", arguments: withoutIDs)
    func byHistory(_ given: Case) { #expect(SessionPlannerTests.plan(given, chat: "c") == given.plan) }

    @Test("a session of an earlier system goes on as long as nothing is known here")
    func former() {
        let turn = SessionPlanner.Turn(
            lineage: Lineage(chat: "c", voice: "v", message: "a", userMessage: "u", parent: "x"),
            history: [RunInput.Message(role: "user", text: "something else")])
        #expect(SessionPlanner(nodes: [], former: "OLD").plan(turn) == .resume(session: "OLD"))
        #expect(SessionPlanner(nodes: Self.chat, former: "OLD").plan(turn) == .fresh(seed: true))
    }

    @Test("without a chat, the same question alone proves nothing")
    func withoutChat() {
        let given = Case(
            what: "", nodes: SessionPlannerTests.chat, message: nil, user: nil, texts: ["one", "two"],
            plan: .fresh(seed: true))
        #expect(SessionPlannerTests.plan(given, chat: "", answer: "two answered") == .resume(session: "S"))
        #expect(SessionPlannerTests.plan(given, chat: "", answer: "something else") == .fresh(seed: true))
    }

    private static func plan(_ given: Case, chat: String, answer: String? = nil) -> SessionPlan {
        let lineage = Lineage(
            chat: chat, voice: "v", message: given.message, userMessage: given.user, parent: given.parent,
            keepsSession: given.keeps)
        var history = given.texts.flatMap { text -> [RunInput.Message] in
            let user = RunInput.Message(role: "user", text: text)
            return given.unanswered.contains(text)
                ? [user] : [user, RunInput.Message(role: "assistant", text: "\(text) answered")]
        }
        if let answer, !history.isEmpty { history[history.count - 1].text = answer }
        let turn = SessionPlanner.Turn(
            lineage: lineage, history: history, context: given.context, goesOnWithAnswer: given.goesOn)
        return SessionPlanner(nodes: given.nodes).plan(turn)
    }

    private static func node(
        _ number: Int64, _ message: String, user: String, parent: String, texts: [String], session: String? = "S",
        engine: String?, voice: String = "v", context: String? = nil, said: String? = nil
    ) -> ChatNode {
        ChatNode(
            number: number, run: "r\(number)", voice: voice, message: message, userMessage: user, parent: parent,
            path: HistoryDigest.path(texts), answer: HistoryDigest.answer(said ?? "\(texts.last!) answered"),
            session: session,
            engineMessage: engine, context: context)
    }
}
