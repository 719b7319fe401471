import Runtime

/// A run that has not ended: its record, its log, and what goes on around it.
@Loop
final class LiveRun {
    /// What is kept of the answer for hooks; its end counts.
    nonisolated static let outputBytes = 64 << 10

    enum Books {
        /// It waits to be written for the first time, and will be as it stands then.
        case new
        case current
        case behind
    }

    var record: RunRecord
    var life: RunLife
    let log: RunLog
    /// The scripts that it began with; nil until the first of them is asked.
    var rules: (any RunRules)?
    /// Was unfinished when Perigee started, and nobody has decided yet what becomes of it.
    var isLeftOver = false
    /// It is on the disk; until then nobody hears of it, and what there is to hear is kept.
    var isAccepted = true
    var untold: [RunRecord] = []
    /// It could not be written down, and so was never accepted.
    var isDiscarded = false
    /// What the journal has of its record.
    var books = Books.current
    /// Milliseconds since the epoch.
    var lastMoment: Int64

    /// The task that carries it out, and the one in which its engine works.
    var task: Task<Void, Never>?
    var work: Task<Void, Never>?
    var attempt: LiveAttempt?
    /// Set once it is to be stopped; nothing else is begun then.
    var cancelReason: String?
    /// What ends it although its engine did nothing wrong: a broken hook, a log that cannot be written.
    var fatal: RunFailure?
    /// Finishes when the engine has ended its attempt, or is no longer waited for.
    var performing: Waiter<Void>?
    /// Ends a detached run after its time, or the wait for an engine that does not stop.
    var leash: Timer?
    /// Ends a run that has bounds after its time.
    var clock: Timer?
    /// The place in the queue that was told last.
    var toldPlace: Int?
    private var waiters: [Waiter<Void>] = []

    var asks: [String: OpenAsk] = [:]
    /// How often the same permission was asked for, and the same failure happened.
    var asked: [String: Int] = [:]
    var failures: [RunFailure.Kind: Int] = [:]
    private(set) var output = ""
    private var outputPart: String?
    private var isGone = false

    init(_ record: RunRecord, log: RunLog, lastMoment: Int64) {
        self.record = record
        self.log = log
        self.lastMoment = lastMoment
        life = RunLife(record.state)
    }

    var id: String { record.id }

    /// Keeps the answer's end at hand.
    func heard(_ text: String, part: String) {
        if let outputPart, outputPart != part, !output.isEmpty { output += "\n\n" }
        outputPart = part
        output += text
        // Cutting costs the whole text, so it is done seldom.
        if output.utf8.count > 2 * LiveRun.outputBytes { output = output.end(LiveRun.outputBytes) }
    }

    /// Returns when its end is on the disk.
    func hasEnded() async throws {
        guard !isGone else { return }
        let waiter = Waiter<Void>("the end of run \(id)")
        waiters.append(waiter)
        try await waiter.value()
    }

    /// What ended lets go of everything, whoever still holds it.
    func letGo() {
        isGone = true
        for waiter in waiters { waiter.finish(.success(())) }
        waiters = []
        rules = nil
        task = nil
        work = nil
        attempt = nil
        performing = nil
        leash?.cancel()
        leash = nil
        clock?.cancel()
        clock = nil
        for ask in asks.values { ask.timer?.cancel() }
        asks = [:]
    }
}

/// An ask that waits for its answer.
@Loop
final class OpenAsk {
    let ask: Ask
    let answered: Waiter<AskAnswer>
    /// The first one, while it is being written down.
    var answer: AskAnswer?
    var timer: Timer?

    init(_ ask: Ask) {
        self.ask = ask
        answered = Waiter("the answer to \(ask.id)")
    }
}

extension String {
    /// At most so many bytes of its end, whole characters.
    func end(_ bytes: Int) -> String {
        guard utf8.count > bytes else { return self }
        var start = utf8.index(utf8.endIndex, offsetBy: -bytes)
        // A character that was cut would become another one.
        while start < endIndex, start.samePosition(in: unicodeScalars) == nil { start = utf8.index(after: start) }
        return String(self[start...])
    }

    /// At most so many bytes of its beginning, whole characters.
    func beginning(_ bytes: Int) -> String {
        guard utf8.count > bytes else { return self }
        var end = utf8.index(startIndex, offsetBy: bytes)
        while end > startIndex, end.samePosition(in: unicodeScalars) == nil { end = utf8.index(before: end) }
        return String(self[..<end])
    }
}
