import Testing

@testable import Host

@Suite("the life of a run, as a machine")
struct RunLifeTests {
    private enum Step: Sendable {
        case attempt, follow, begin, ask(String), answer(String), end(RunState)
    }

    private struct Row: Sendable {
        let steps: [Step]
        let states: [RunState]
    }

    private static let rows = [
        Row(steps: [.attempt, .begin, .end(.succeeded)], states: [.starting, .running, .succeeded]),
        Row(steps: [.attempt, .follow, .begin], states: [.starting, .running, .running]),
        Row(steps: [.attempt, .begin, .attempt, .begin], states: [.starting, .running, .starting, .running]),
        Row(
            steps: [.attempt, .begin, .ask("a"), .ask("b"), .answer("a"), .answer("b")],
            states: [.starting, .running, .blocked, .blocked, .blocked, .running]),
        Row(steps: [.attempt, .ask("a"), .answer("a")], states: [.starting, .blocked, .starting]),
        Row(steps: [.attempt, .ask("a"), .begin, .answer("a")], states: [.starting, .blocked, .blocked, .running]),
        Row(steps: [.ask("a"), .answer("a")], states: [.blocked, .queued]),
        Row(steps: [.attempt, .ask("a"), .attempt], states: [.starting, .blocked, .starting]),
        Row(steps: [.attempt, .ask("a"), .answer("b")], states: [.starting, .blocked, .blocked]),
        Row(
            steps: [.attempt, .ask("a"), .end(.cancelled), .answer("a")],
            states: [.starting, .blocked, .cancelled, .cancelled]),
        Row(
            steps: [.end(.cancelled), .attempt, .begin, .ask("a"), .end(.failed)],
            states: Array(repeating: .cancelled, count: 5)),
        Row(steps: [.begin], states: [.queued]),
    ]

    @Test(
        "what it is told leads where the table says, and every change is one that a run may make",
        arguments: rows.indices)
    func table(index: Int) {
        let row = RunLifeTests.rows[index]
        var life = RunLife()
        for (step, expected) in zip(row.steps, row.states) {
            let before = life.state
            let changed =
                switch step {
                case .attempt: life.attempt(isUnderWay: false)
                case .follow: life.attempt(isUnderWay: true)
                case .begin: life.begin()
                case .ask(let id): life.ask(id)
                case .answer(let id): life.answer(id)
                case .end(let state): life.end(state)
                }
            #expect(life.state == expected, "\(step) from \(before)")
            #expect(changed == (before != life.state))
            #expect(!changed || before.canBecome(life.state), "\(before) to \(life.state)")
        }
    }

    @Test("asks are open in the order in which they were asked, each once")
    func asks() {
        var life = RunLife(.running)
        for id in ["b", "a", "b"] { _ = life.ask(id) }
        #expect(life.asks == ["b", "a"])
        _ = life.answer("b")
        #expect(life.asks == ["a"] && life.state == .blocked)
        _ = life.end(.failed)
        #expect(life.asks.isEmpty)
    }
}

@Suite("lanes")
struct LanesTests {
    @Test("runs of one lane come one after the other, others at once")
    func order() {
        var lanes = Lanes()
        for run in ["a", "b", "c"] { lanes.enter(run, lane: "chat", user: "ada") }
        lanes.enter("d", lane: nil, user: "ada")
        #expect(lanes.ready("a") && !lanes.ready("b") && !lanes.ready("c") && lanes.ready("d"))
        #expect(lanes.waitingCount(of: "ada") == 2)
        #expect(lanes.leave("b") == nil, "one that waited has gone")
        #expect(lanes.leave("a") == "c" && lanes.waitingCount(of: "ada") == 0)
        #expect(lanes.leave("c") == nil && lanes.leave("d") == nil)
    }

    @Test("nobody overtakes one that is still being written down")
    func notReady() {
        var lanes = Lanes()
        for run in ["a", "b", "c"] { lanes.enter(run, lane: "chat", user: "ada") }
        let overtakes = lanes.ready("b")
        #expect(!overtakes, "a was there first")
        #expect(lanes.ready("a") && lanes.leave("a") == "b")
        #expect(lanes.leave("b") == nil, "c is not on the disk yet")
        #expect(lanes.ready("c") && lanes.waitingCount(of: "ada") == 0)
        #expect(lanes.leave("c") == nil)
    }

    @Test("one that could not be written down makes room")
    func withdrawn() {
        var lanes = Lanes()
        for run in ["a", "b"] { lanes.enter(run, lane: "chat", user: "ada") }
        #expect(!lanes.ready("b") && lanes.leave("a") == "b" && lanes.waitingCount(of: "ada") == 0)
    }
}

@Suite("parts that are told again after a restart")
struct ToldPartsTests {
    private func texts(_ pieces: [String]) -> ToldParts { ToldParts(pieces.map { .text($0, part: "p") }) }

    @Test(
        "what the log has already is left out, however it is cut",
        arguments: [
            (["Hello, ", "wor"], ["Hello, world"], "ld"), (["Hello"], ["H", "el", "lo", "!"], "!"),
            (["Hello"], ["Hel", "lo, ", "you"], ", you"), ([], ["all"], "all"), (["same"], ["same"], ""),
            (["Hello"], ["Goodbye"], "Goodbye"), (["é"], ["é", "!"], "!"),
        ])
    func pieces(known: [String], again: [String], new: String) {
        var said = texts(known)
        #expect(again.map { said.new(.text, $0, part: "p") }.joined() == new)
    }

    @Test("other parts, and reasoning of the same name, are new")
    func others() {
        var said = texts(["Hello"])
        #expect(said.new(.text, "Hello", part: "q") == "Hello" && said.new(.reasoning, "Hello", part: "p") == "Hello")
    }

    @Test("a call of a tool is told again only when it stands otherwise")
    func tools() {
        let known = ToolUse(id: "t", name: "bash", status: .running)
        var ended = known
        (ended.status, ended.output) = (.completed, "ok")
        var told = ToldParts([.tool(known)])
        #expect(!told.isNew(known) && told.isNew(ended) && told.isNew(ended))
        var all = ToldParts([.tool(known), .tool(ended)])
        #expect(!all.isNew(ended) && all.isNew(ToolUse(id: "u", name: "bash", status: .running)))
    }
}
