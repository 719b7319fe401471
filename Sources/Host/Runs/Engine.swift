import Runtime

/// What performs runs. `Runs` knows engines only as this.
@Loop
protocol Engine: AnyObject {
    var name: String { get }

    /// Performs one attempt and returns when the agent has ended its turn. Throws `RunFailure` when it did not get there.
    /// Cancelling the task stops the agent; `perform` returns when it has stopped, or soon.
    func perform(_ attempt: any RunAttempt) async throws

    /// What is left of a run that had not ended when Perigee stopped. It must be quick, and never throws.
    func remains(of run: RunRecord) async -> RunRemains
}

/// One attempt at a run, as its engine sees it: what to do, and where to report.
@Loop
protocol RunAttempt: AnyObject {
    var run: RunRecord { get }
    /// How often it was begun, from 1.
    var number: Int { get }
    var how: AttemptKind { get }
    /// Perigee itself is stopping: an agent that can go on without it may, when the task is cancelled; the next start
    /// looks for it.
    var staysBehind: Bool { get }

    /// Writes an event down and tells those who listen. Events of an attempt that is over are ignored.
    func report(_ event: RunEventBody)
    /// To be called, and waited for, right before the prompt is handed over: from here on it may have effects, and is
    /// never run again without asking. To an agent that is `near`, because it is on this very machine, the prompt goes
    /// while the disk still writes that it began: a power cut would take the agent too, before it has done anything.
    func begins(isNear: Bool) async throws
    /// The prompt was sent back untouched: it has had no effect, and has not begun.
    func refused()
    /// Keeps where it is carried out, so that it can be found again.
    func note(runner: String?, session: String?, message: String?)
    /// Has a person, or the `permission` hook, answer. The run is `blocked` meanwhile. Several may be open at once.
    /// Cancelling the task withdraws it.
    func ask(_ ask: Ask) async throws -> AskAnswer
    /// The engine's side no longer waits for that: it was answered there, or went away.
    func withdraw(ask: String, _ answer: AskAnswer)
    /// Asks a hook with these facts, and keeps what it decides with the run. Without a value nobody decides.
    func decide(_ hook: String, _ facts: [JSONValue]) async throws -> Decision
    /// Returns after that time. The run is `queued` meanwhile.
    func waits(_ time: Duration, _ reason: String) async throws
}

extension RunAttempt {
    var staysBehind: Bool { false }

    func begins() async throws { try await begins(isNear: false) }

    func refused() {}

    func decide(_ hook: String, _ facts: [JSONValue]) async throws -> Decision {
        Decision(hook: hook, value: nil, generation: 0)
    }

    func waits(_ time: Duration, _ reason: String) async throws { try await Loop.sleep(for: time) }
}

/// What this attempt does differently from the first.
enum AttemptKind: String, Sendable {
    case first
    /// The same again.
    case again
    /// In a new session, seeded with a transcript of the chat.
    case recreateSession = "recreate_session"
    /// After restarting, or waiting for, the runner.
    case restartRunner = "restart_runner"
    /// In a copy of the session from before the turn.
    case fork
    /// After a restart of Perigee: hand over nothing, follow what is under way or read what it came to. Each part is
    /// said from its beginning; what the log has of it already is left out.
    case resume
}

/// What an engine finds of a run after a restart of Perigee.
struct RunRemains: Sendable, Equatable {
    enum Session: String, Sendable { case busy, idle, missing, unknown }

    var isRunnerAlive = false
    var session = Session.unknown
    /// The agent finished the answer meanwhile.
    var isAnswerComplete = false
}
