import Runtime

/// The event log of a run that has not ended: gives numbers, keeps the newest events at hand, tells followers at once
/// and the journal in groups.
@Loop
final class RunLog {
    /// Events that are on the disk stay at hand up to here, for those who come back after a moment.
    static let tailBytes = 64 << 10
    /// Numbers that may have been shown and not yet be on the disk. A log that a kill may have cut goes on behind them.
    nonisolated static let mostUnwritten: Int64 = 100_000

    let run: String
    private(set) var last: Int64
    private(set) var isEnded = false
    /// A row was lost, or too much waits for the store: the run cannot go on.
    var onLoss: ((Fault) -> Void)?

    private let journal: RunJournal
    private let now: () -> Int64
    /// Of the newest event.
    private var moment: Int64
    private var tail: [RunEvent] = []
    private var tailHead = 0
    private var tailSize = 0
    /// Everything from here on is in the tail; what is before it is in the store or nowhere.
    private(set) var tailStart: Int64
    private var written: Int64
    private var group: EventGroup?
    private var followers: [ObjectIdentifier: RunFollower] = [:]

    /// `last` is the number after which it goes on, and `moment` when that was.
    init(
        _ run: String, after last: Int64, moment: Int64 = 0, journal: RunJournal, now: @escaping () -> Int64
    ) {
        self.run = run
        self.last = last
        self.journal = journal
        self.now = now
        self.moment = moment
        tailStart = last + 1
        written = last
    }

    /// Nil when it is full of what the store has not taken, which `onLoss` was told, or when the run has ended.
    @discardableResult
    func append(_ body: RunEventBody) -> RunEvent? {
        guard !isEnded else { return nil }
        guard last - written < RunLog.mostUnwritten else {
            onLoss?(Fault(.overBudget, "\(last - written) events of run \(run) wait for the store already"))
            return nil
        }
        let takes = group?.takes(body) ?? false
        if !takes { closeGroup() }
        let event = RunEvent(number: last + 1, at: takes && group!.sharesMoment ? group!.at : tick(), body: body)
        // Counted first: whoever hears of a loss below may append something himself.
        last = event.number
        keep(event)
        if takes {
            group!.add(event)
            journal.grew(by: body.size)
        } else if let group = EventGroup(event) {
            self.group = group
            journal.opened(self, bytes: body.size)
        } else {
            do {
                journal.put(try EventRow(event, of: run), self)
            } catch {
                // A value that has no JSON, such as an infinite number.
                onLoss?(Fault(error))
            }
        }
        let items = [RunFollower.Item.event(event)]
        for follower in followers.values { follower.offer(event, items) }
        return event
    }

    /// An event that is to be on the disk before anybody sees it. Nothing may come between this and `show`.
    func prepare(_ body: RunEventBody) throws -> (event: RunEvent, row: EventRow) {
        closeGroup()
        let event = RunEvent(number: last + 1, at: tick(), body: body)
        return (event, try EventRow(event, of: run))
    }

    func show(_ event: RunEvent) {
        precondition(event.number == last + 1 && !isEnded, "an event of run \(run) came out of turn")
        last = event.number
        written = event.number
        keep(event)
        let items = [RunFollower.Item.event(event)]
        for follower in followers.values { follower.offer(event, items) }
    }

    /// The service stops; the run goes on another time.
    func stop() { for follower in followers.values { follower.stop() } }

    /// The last event was the last one. Followers that are behind still get there.
    func end() {
        isEnded = true
        onLoss = nil
        let left = followers.values
        followers = [:]
        for follower in left { follower.logEnded() }
    }

    // MARK: the journal's side

    /// Hands over what was gathered.
    func closeGroup() {
        guard let group else { return }
        self.group = nil
        journal.put(EventRow(group, of: run), self)
    }

    func wrote(upTo number: Int64) {
        written = max(written, number)
        trim()
    }

    func lost(_ fault: Fault) { onLoss?(fault) }

    // MARK: followers

    var followerCount: Int { followers.count }

    func attach(_ follower: RunFollower) { followers[ObjectIdentifier(follower)] = follower }
    func detach(_ follower: RunFollower) { followers[ObjectIdentifier(follower)] = nil }

    /// Up to `limit` events behind a number; nil when some of them are no longer at hand.
    func events(after number: Int64, limit: Int) -> ArraySlice<RunEvent>? {
        guard number + 1 >= tailStart else { return nil }
        // Numbers in the tail grow by one.
        let first = tailHead + Int(number + 1 - tailStart)
        guard first < tail.count else { return [] }
        return tail[first..<min(tail.count, first + limit)]
    }

    /// The clock on the wall may be set back; what comes later in a log is never earlier.
    private func tick() -> Int64 {
        moment = max(moment, now())
        return moment
    }

    private func keep(_ event: RunEvent) {
        tail.append(event)
        tailSize += event.body.size
        trim()
    }

    private func trim() {
        while tailSize > RunLog.tailBytes, tailStart <= written, tailHead < tail.count {
            tailSize -= tail[tailHead].body.size
            tailHead += 1
            tailStart += 1
        }
        if tailHead > 1024, tailHead > tail.count / 2 {
            tail.removeFirst(tailHead)
            tailHead = 0
        }
    }
}

extension RunEventBody {
    /// About how much it holds, for bounds.
    var size: Int {
        switch self {
        case .text(let text, _), .reasoning(let text, _), .notice(let text, _), .cut(let text): text.utf8.count + 32
        case .tool(let use): use.output.utf8.count + 512
        case .ask, .answer, .todo, .artifact, .error: 1024
        case .state, .usage, .place: 64
        }
    }
}
