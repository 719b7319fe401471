import Runtime

/// One reader of a run's events, from any number on: first what is stored, then what happens, each event once and in
/// order. While it keeps up it costs no task.
@Loop
final class RunFollower {
    enum Item: Sendable, Equatable {
        case event(RunEvent)
        /// These are not there any more: they were pruned. Numbers that no event ever had are not missing.
        case missing(from: Int64, to: Int64)
    }

    /// Events that are handed over at once, and rows that are read at once.
    nonisolated static let batch = 256
    nonisolated static let page = 32
    /// Events that `next` keeps for its reader.
    nonisolated static let buffer = 64

    private enum Standing { case idle, reading, full, ended }

    let run: String
    /// The number of the newest event that it has handed over.
    private(set) var seen: Int64
    private let store: Store
    private let scope: Scope
    private var log: RunLog?
    private var standing = Standing.idle
    private var sink: (([Item]) -> Bool)?
    private var onEnd: ((Fault?) -> Void)?
    private var reading: Task<Void, Never>?

    private var items: [Item] = []
    private var itemHead = 0
    private var failure: Fault?
    private var reader: Waiter<Void>?

    init(_ run: String, after number: Int64, log: RunLog?, store: Store, scope: Scope) {
        self.run = run
        seen = max(0, number)
        self.log = log
        self.store = store
        self.scope = scope
    }

    var isEnded: Bool { standing == .ended }

    /// Hands over what is there, and from then on what comes, in the turn in which it comes. `sink` returns false to
    /// have it wait for `resume`; what it was given counts as taken. `onEnd` comes once: behind the run's last event, or
    /// with what went wrong.
    func start(onEnd: @escaping (Fault?) -> Void = { _ in }, _ sink: @escaping ([Item]) -> Bool) {
        precondition(self.sink == nil, "a follower of run \(run) was started twice")
        self.sink = sink
        self.onEnd = onEnd
        log?.attach(self)
        pump()
    }

    /// The reader has room again.
    func resume() {
        guard standing == .full else { return }
        standing = .idle
        pump()
    }

    /// The reader has gone.
    func close() { finish(.cancelled, tells: false) }

    /// The next one, or nil behind the run's last event. For a task that reads one after the other.
    func next() async throws -> Item? {
        if sink == nil, standing != .ended {
            start(onEnd: { [weak self] in self?.buffered(end: $0) }) { [weak self] in self?.buffer($0) ?? false }
        }
        while true {
            if itemHead < items.count {
                itemHead += 1
                return items[itemHead - 1]
            }
            items.removeAll(keepingCapacity: true)
            itemHead = 0
            if standing == .full {
                resume()
                continue
            }
            if standing == .ended {
                if let failure { throw failure }
                return nil
            }
            precondition(reader == nil, "two tasks read one follower of run \(run)")
            let waiter = Waiter<Void>("the next event of run \(run)")
            reader = waiter
            defer { reader = nil }
            try await waiter.value()
        }
    }

    // MARK: the log's side

    func offer(_ event: RunEvent, _ items: [Item]) {
        guard standing == .idle, event.number == seen + 1 else { return }
        hand(over: items, upTo: event.number)
    }

    func logEnded() { if standing == .idle { pump() } }

    /// The service stops.
    func stop() { finish(Fault(.unavailable, "Perigee is stopping", hint: "follow run \(run) again in a moment")) }

    // MARK: within

    private func pump() {
        while standing == .idle {
            guard let log else { return read() }
            guard let events = log.events(after: seen, limit: RunFollower.batch) else { return read() }
            guard let newest = events.last else {
                if log.isEnded { finish(nil) }
                return
            }
            hand(over: events.map { .event($0) }, upTo: newest.number)
        }
    }

    private func hand(over items: [Item], upTo newest: Int64) {
        guard let sink else { return }
        seen = newest
        guard let last = items.last else { return }
        let hasRoom = sink(items)
        guard standing != .ended else { return }
        if case .event(let event) = last, case .state(let state, _) = event.body, state.isEnded { return finish(nil) }
        if !hasRoom { standing = .full }
    }

    /// One page from the store, in a task that ends with it.
    private func read() {
        standing = .reading
        let (run, after) = (run, seen)
        // Everything before this is on the disk by now, or nowhere.
        let known = log?.tailStart
        reading = scope.spawn("reading the events of a run") { [weak self, store] in
            do {
                let rows = try await Deadline.lifted {
                    try await store.read { snapshot in
                        try snapshot.all(RunsQueries.events, run, after + 1, run, after + 1, RunFollower.page)
                    }
                }
                let held = try rows.map { (row: $0, events: try $0.events) }
                self?.arrived(held, isAll: rows.count < RunFollower.page, known: known)
            } catch {
                self?.finish(Fault(error))
            }
        }
    }

    private func arrived(_ rows: [(row: EventRow, events: [RunEvent])], isAll: Bool, known: Int64?) {
        guard standing == .reading else { return }
        standing = .idle
        reading = nil
        var found: [Item] = []
        var number = seen
        for (row, events) in rows where row.last > number {
            if row.first > number + 1 { found.append(.missing(from: number + 1, to: row.first - 1)) }
            for event in events where event.number > number { found.append(.event(event)) }
            number = row.last
        }
        if number > seen {
            hand(over: found, upTo: number)
        } else if isAll, let known, known > seen + 1 {
            let gap = Item.missing(from: seen + 1, to: known - 1)
            seen = known - 1
            if sink?([gap]) == false { standing = .full }
        } else if log == nil {
            return finish(nil)
        }
        pump()
    }

    private func finish(_ fault: Fault?, tells: Bool = true) {
        guard standing != .ended else { return }
        standing = .ended
        reading?.cancel()
        reading = nil
        log?.detach(self)
        log = nil
        let told = onEnd
        sink = nil
        onEnd = nil
        if tells { told?(fault) }
        if !tells { buffered(end: fault) }
    }

    private func buffer(_ more: [Item]) -> Bool {
        items += more
        reader?.finish(.success(()))
        return items.count - itemHead < RunFollower.buffer
    }

    private func buffered(end fault: Fault?) {
        failure = fault
        reader?.finish(.success(()))
    }
}
