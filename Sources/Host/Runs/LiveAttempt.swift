import Runtime

/// What an engine reports to. Once it is over it is deaf: nothing that comes late can change the run.
@Loop
final class LiveAttempt: RunAttempt {
    let number: Int
    let how: AttemptKind
    private weak var runs: Runs?
    private let live: LiveRun
    private(set) var isOver = false
    /// No attempt before this one had begun.
    private var isFirstBeginning = false
    /// What runs of before this attempt had used.
    private let before: Usage
    /// When a turn is taken up again: what the log has of each part already, which is not said twice.
    private var told: ToldParts

    init(
        _ runs: Runs, _ live: LiveRun, number: Int, how: AttemptKind, isSameTurn: Bool, told: ToldParts = ToldParts()
    ) {
        self.runs = runs
        self.live = live
        self.number = number
        self.how = how
        self.told = told
        before = isSameTurn ? Usage() : live.record.usage
    }

    var run: RunRecord { live.record }
    /// A run that was cancelled takes its agent with it, whatever else stops.
    var staysBehind: Bool { (runs?.isClosing ?? true) && live.cancelReason == nil && live.fatal == nil }

    func finish() { isOver = true }

    func report(_ event: RunEventBody) {
        guard !isOver, let runs else { return }
        switch event {
        case .text(let text, let part):
            let new = told.new(.text, text, part: part)
            guard !new.isEmpty else { return }
            live.heard(new, part: part)
            runs.append(.text(new, part: part), to: live)
        case .reasoning(let text, let part):
            let new = told.new(.reasoning, text, part: part)
            if !new.isEmpty { runs.append(.reasoning(new, part: part), to: live) }
        case .tool(var use):
            use.output = use.output.end(64 << 10)
            if told.isNew(use) { runs.append(.tool(use), to: live) }
        case .usage(let usage):
            live.record.usage = before + usage
            runs.append(.usage(live.record.usage), to: live)
            runs.save(live)
        case .todo, .artifact, .notice, .cut, .error: runs.append(event, to: live)
        // States, asks, answers and places are the service's own to tell.
        case .state, .ask, .answer, .place: assertionFailure("an engine reported \(event.kind)")
        }
    }

    func begins(isNear: Bool) async throws {
        guard !isOver, live.cancelReason == nil, let runs else { throw Fault.cancelled }
        isFirstBeginning = live.record.startedAt == nil
        if isFirstBeginning { live.record.startedAt = runs.now() }
        let changed = live.life.begin()
        try await runs.commit(
            live, state: changed ? "the prompt began" : nil, until: isNear ? .committed : .onDisk)
        guard !isOver, live.cancelReason == nil else { throw Fault.cancelled }
    }

    func refused() {
        guard !isOver, isFirstBeginning else { return }
        live.record.startedAt = nil
        runs?.save(live)
    }

    func note(runner: String?, session: String?, message: String?) {
        guard !isOver else { return }
        if let runner { live.record.runner = runner }
        if let session { live.record.session = session }
        if let message { live.record.message = message }
        runs?.save(live)
    }

    func ask(_ ask: Ask) async throws -> AskAnswer {
        guard !isOver, live.cancelReason == nil, let runs else { throw Fault.cancelled }
        return try await runs.ask(ask, of: live)
    }

    func withdraw(ask: String, _ answer: AskAnswer) {
        guard !isOver else { return }
        runs?.settle(ask, of: live, answer)
    }

    func decide(_ hook: String, _ facts: [JSONValue]) async throws -> Decision {
        guard !isOver, live.cancelReason == nil, let runs else { throw Fault.cancelled }
        do {
            return try await runs.decide(hook, live, facts)
        } catch {
            throw RunFailure.script(hook, error)
        }
    }

    func waits(_ time: Duration, _ reason: String) async throws {
        guard !isOver, live.cancelReason == nil, let runs else { throw Fault.cancelled }
        let isNews = live.life.wait()
        try await runs.commit(live, state: isNews ? reason : nil)
        try await Loop.sleep(for: time)
        guard !isOver, live.cancelReason == nil else { throw Fault.cancelled }
        let goesOn = live.life.attempt(isUnderWay: false)
        try await runs.commit(live, state: goesOn ? "the wait is over" : nil)
    }
}
