import Glibc
import TestSupport

@testable import Runtime

/// A recorded turn: what a server told, from the prompt on.
struct RecordedTurn {
    static let names = [
        "reasoning", "permission-once", "permission-reject", "permission-reject-message", "question", "abort",
        "steering", "error-401", "overflow", "subtask", "retry-abort",
    ]

    let events: [OpencodeEvent]
    let session: String
    let prompt: String

    init(_ name: String) throws {
        let lines = try RecordedTurn.read(TestEnvironment.fixture("opencode/turns/\(name).jsonl")).split(
            separator: "\n")
        events = try lines.compactMap { OpencodeEvent.majorOne(try JSON.parse(String($0))) }
        var user: OpencodeMessage?
        var words = ""
        for event in events {
            if case .message(let message) = event.body, message.isUser, user == nil { user = message }
            if case .part(let part) = event.body, case .text(let text, _) = part.body, part.message == user?.id,
                words.isEmpty
            {
                words = text
            }
        }
        session = user!.session
        prompt = words
    }

    private static func read(_ path: String) throws -> String {
        let descriptor = open(path, O_RDONLY)
        guard descriptor >= 0 else { throw Fault.system("open", path, errno: errno) }
        defer { close(descriptor) }
        var all: [UInt8] = []
        var room = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = Glibc.read(descriptor, &room, room.count), count > 0 { all += room[..<count] }
        return String(decoding: all, as: UTF8.self)
    }
}

/// What a server keeps of what it told: all but the pieces of a text that is being written.
struct SessionRecord {
    private(set) var status: [String: OpencodeStatus] = [:]
    private var messages: [String: OpencodeMessage] = [:]
    private var order: [String] = []
    private var asks: [OpencodeAsk] = []
    private var sessions: [String: OpencodeSession] = [:]
    private var todo: [OpencodeTodo] = []
    let session: String

    init(_ session: String) { self.session = session }

    mutating func apply(_ event: OpencodeEvent) {
        switch event.body {
        case .session(let session): sessions[session.id] = session
        case .status(let session, let status): self.status[session] = status
        case .message(var message):
            message.parts = messages[message.id]?.parts ?? []
            if messages[message.id] == nil { order.append(message.id) }
            messages[message.id] = message
        case .part(let part):
            let place = messages[part.message]?.parts.firstIndex { $0.id == part.id }
            if let place {
                messages[part.message]?.parts[place] = part
            } else {
                messages[part.message]?.parts.append(part)
            }
        case .asked(let ask): asks.append(ask)
        case .answered(_, let ask, _, _): asks.removeAll { $0.id == ask }
        case .todo(_, let todo): self.todo = todo
        default: break
        }
    }

    func snapshot(_ turn: OpencodeTurn) -> OpencodeTurn.Snapshot {
        let own = order.compactMap { messages[$0] }.filter { $0.session == session }
        let start = own.lastIndex(where: turn.isPrompt) ?? own.startIndex
        let children = sessions.values.filter { $0.parent != nil }
        return OpencodeTurn.Snapshot(
            status: status[session] ?? .idle, asks: asks, messages: Array(own[start...]), subtasks: children,
            subtaskMessages: order.compactMap { messages[$0] }.filter { $0.session != session }, todo: todo,
            mark: turn.mark)
    }
}

/// What somebody who follows a turn has got of it in the end.
struct FollowedTurn: Equatable {
    struct Piece: Equatable {
        let part: String
        var text: String
        let isReasoning: Bool
    }

    var pieces: [Piece] = []
    var tools: [String: OpencodeTool] = [:]
    var parents: [String: String] = [:]
    var asks: [OpencodeAsk] = []
    var settled: [String: OpencodeVerdict?] = [:]
    var usage = OpencodeUsage()
    var outcome: OpencodeTurn.Outcome?
    var prompted: [String] = []
    /// Not part of what must be the same: how it came about.
    var effects: [OpencodeTurn.Effect] = []

    static func == (one: FollowedTurn, other: FollowedTurn) -> Bool {
        one.pieces == other.pieces && one.tools == other.tools && one.usage == other.usage
            && one.outcome == other.outcome && one.prompted == other.prompted
    }

    var text: String { pieces.filter { !$0.isReasoning }.map(\.text).joined() }

    mutating func take(_ effect: OpencodeTurn.Effect) {
        effects.append(effect)
        switch effect {
        case .text(let text, let part): add(text, part, isReasoning: false)
        case .reasoning(let text, let part): add(text, part, isReasoning: true)
        case .tool(let tool, let id, let parent):
            tools[id] = tool
            if let parent { parents[id] = parent }
        case .ask(let ask, _, _): asks.append(ask)
        case .settled(let ask, let verdict, _): settled[ask] = verdict
        case .usage(let usage): self.usage = usage
        case .prompted(let message): prompted.append(message)
        case .ended(let outcome): self.outcome = outcome
        default: break
        }
    }

    private mutating func add(_ text: String, _ part: String, isReasoning: Bool) {
        if let place = pieces.firstIndex(where: { $0.part == part }) {
            pieces[place].text += text
        } else {
            pieces.append(Piece(part: part, text: text, isReasoning: isReasoning))
        }
    }
}

/// Plays a server's events to a turn, and answers its readings from what the server has kept.
struct TurnPlayer {
    var turn: OpencodeTurn
    var record: SessionRecord
    var followed = FollowedTurn()
    var now = Instant(nanoseconds: 1_000_000_000_000)

    init(_ session: String, wanted: OpencodeTurn.Mark, limits: OpencodeTurn.Limits = .init()) {
        turn = OpencodeTurn(session: session, wanted: wanted, limits: limits, now: now)
        record = SessionRecord(session)
    }

    init(_ recorded: RecordedTurn) { self.init(recorded.session, wanted: .init(text: recorded.prompt)) }

    mutating func play(_ events: some Sequence<OpencodeEvent>) {
        for event in events {
            record.apply(event)
            take(turn.take(event, now: now))
        }
    }

    /// These reach the server's memory only.
    mutating func lose(_ events: some Sequence<OpencodeEvent>) {
        for event in events { record.apply(event) }
    }

    mutating func gap() { take(turn.gap(now: now)) }

    mutating func wait(_ time: Duration) {
        now = now + time
        take(turn.tick(now: now))
    }

    /// As long as it takes to be sure of the end.
    mutating func finish() {
        for _ in 0..<20 where !turn.isEnded { wait(.seconds(1)) }
    }

    private mutating func take(_ effects: [OpencodeTurn.Effect]) {
        for effect in effects {
            followed.take(effect)
            if effect == .read { take(turn.resync(record.snapshot(turn), now: now)) }
        }
    }
}
