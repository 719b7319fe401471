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
                ChatNode(number: 3, run: "r3", message: "a3", userMessage: "u3", parent: "a2", path: "p")
            ], parent: "a3", texts: ["one", "two"], plan: .resume(session: "S")),
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
                ChatNode(number: 1, run: "r1", message: "a1", userMessage: "u", parent: "a2", path: "p"),
                ChatNode(number: 2, run: "r2", message: "a2", userMessage: "u", parent: "a1", path: "p"),
            ], parent: "a1", texts: ["one"], plan: .fresh(seed: true)),
    ]

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
    ]

    @Test("of a client that names its chat alone", arguments: withoutIDs)
    func byHistory(_ given: Case) { #expect(SessionPlannerTests.plan(given, chat: "c") == given.plan) }

    @Test("a session of an earlier system goes on as long as nothing is known here")
    func former() {
        let turn = SessionPlanner.Turn(
            lineage: Lineage(chat: "c", voice: "v", message: "a", userMessage: "u", parent: "x"), path: "p",
            lastAnswer: nil, hasHistory: true)
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

    private static func plan(_ given: Case, chat: String, answer: String = "two answered") -> SessionPlan {
        let lineage = Lineage(
            chat: chat, voice: "v", message: given.message, userMessage: given.user, parent: given.parent,
            keepsSession: given.keeps)
        let turn = SessionPlanner.Turn(
            lineage: lineage, path: HistoryDigest.path(given.texts), lastAnswer: HistoryDigest.answer(answer),
            hasHistory: !given.texts.isEmpty)
        return SessionPlanner(nodes: given.nodes).plan(turn)
    }

    private static func node(
        _ number: Int64, _ message: String, user: String, parent: String, texts: [String], session: String = "S",
        engine: String
    ) -> ChatNode {
        ChatNode(
            number: number, run: "r\(number)", message: message, userMessage: user, parent: parent,
            path: HistoryDigest.path(texts), answer: HistoryDigest.answer("\(texts.last!) answered"), session: session,
            engineMessage: engine)
    }
}
