import Runtime

/// One runner of our own: its life, who is on it and who waits for it. What its life says is carried out here and in
/// `OwnRunner+Starting` and `OwnRunner+Stopping`.
@Loop
final class OwnRunner {
    /// One that is up, or may be.
    struct Running {
        let number: Int
        let place: RunnerPlace
        let server: OpencodeServer
        let spec: RunnerSpec
        /// Milliseconds since the epoch.
        let startedAt: Int64
    }

    let name: String
    let workspace: String
    let tools: RunnerTools
    /// As it is to be from the next start on.
    var spec: RunnerSpec
    private(set) var life = RunnerLife()
    var running: Running? {
        didSet {
            // A password is worth nothing without its runner, and the list of secrets has a bound.
            guard let old = oldValue?.place.password, old != running?.place.password else { return }
            tools.log.secrets.remove(old.reveal())
        }
    }
    /// Why the last start, or stop, did not work, or how it ended.
    var failure: Fault?
    var lastEnd: RunnerEnd?
    var lastUsed: Int64
    /// When it was taken over; whoever was on it before may come back.
    var foundAt: Int64 = 0
    /// Directories in which it has worked since its start.
    var directories: Set<String> = []
    /// The task that starts it.
    var starting: Task<Void, Never>?
    /// The one that removes what an ended one left.
    var clearing: Task<Void, Never>?

    private var out: [ObjectIdentifier: RunnerLease] = [:]
    private var waiting: [(waiter: Waiter<RunnerLease>, progress: @Loop (String) -> Void)] = []
    var whenStopped: [Waiter<Void>] = []
    private var lastWord = ""
    private var idleTimer: Timer?
    private var patienceTimer: Timer?
    private var noted: Int64 = 0
    private static let noteInterval: Int64 = 60_000

    init(_ spec: RunnerSpec, _ tools: RunnerTools) {
        name = spec.name
        workspace = spec.workspace
        self.spec = spec
        self.tools = tools
        lastUsed = tools.now()
    }

    /// How long it has been up.
    var age: Duration { running.map { .milliseconds(max(0, tools.now() - $0.startedAt)) } ?? .zero }

    var holder: RunnerRoom.Holder {
        RunnerRoom.Holder(
            name: name, workspace: workspace, isIdle: life.state == .ready && life.leases == 0,
            isLeaving: life.state == .stopping && !life.isWanted, lastUsed: lastUsed)
    }

    /// Something will happen to it by itself.
    var hasTimer: Bool { idleTimer?.isScheduled == true || patienceTimer?.isScheduled == true }

    /// Nobody waits for it, and it is not there.
    var isForgotten: Bool { life.state == .absent && waiting.isEmpty }

    /// In line for a lease from this moment on.
    func ask(_ progress: @escaping @Loop (String) -> Void) -> Waiter<RunnerLease> {
        let waiter = Waiter<RunnerLease>("the runner \(name)")
        waiting.append((waiter, progress))
        if !lastWord.isEmpty { progress(lastWord) }
        take(.wanted)
        return waiter
    }

    /// The lease that was asked for, as soon as it is ready, for a directory in which the agent will work.
    func lease(_ waiter: Waiter<RunnerLease>, in directory: String) async throws -> RunnerLease {
        do {
            let lease = try await waiter.value()
            directories.insert(directory)
            return lease
        } catch {
            waiting.removeAll { $0.waiter === waiter }
            throw error
        }
    }

    /// What it is to be has changed, or not; one that is up is started anew as soon as nobody is on it.
    func wants(_ spec: RunnerSpec) {
        self.spec = spec
        if let running, running.spec.signature != spec.signature { take(.changed) }
    }

    /// Tells whoever waits for it how far it is, in a line of its own.
    func tell(_ words: String) {
        let words = "\(words.prefix(1).uppercased())\(words.dropFirst())"
        guard words != lastWord else { return }
        lastWord = words
        for (_, progress) in waiting { progress(words) }
    }

    // MARK: its life

    func take(_ event: RunnerLife.Event) {
        let before = life.state
        for action in life.take(event) { carryOut(action) }
        guard life.state != before else { return }
        if before == .stopping {
            let waiters = whenStopped
            whenStopped = []
            for waiter in waiters { waiter.finish(.success(())) }
        }
        tools.log.debug("runner", ["runner": LogValue(name), "state": LogValue(life.state.rawValue)])
        tools.onChange(name, life.state)
    }

    private func carryOut(_ action: RunnerLife.Action) {
        switch action {
        case .start(let number): start(number)
        case .adopt(let number): adopt(number)
        case .abandon: starting?.cancel()
        case .stop(let number): stop(number)
        case .welcome: welcome()
        case .refuse:
            refuse()
            if life.state == .failed { tools.places.leave(self) }
        case .forget:
            (running, lastWord) = (nil, "")
            tools.places.leave(self)
        case .armIdle: armIdle()
        case .disarmIdle: idleTimer?.cancel()
        case .armPatience:
            let timer = Timer { [weak self] in self?.take(.impatient) }
            timer.schedule(after: tools.patience.drain)
            patienceTimer = timer
        }
    }

    private func welcome() {
        guard let running else { return }
        lastWord = ""
        let guests = waiting
        waiting = []
        for (waiter, _) in guests where !waiter.isFinished {
            waiter.finish(.success(newLease(running)))
        }
    }

    private func newLease(_ running: Running) -> RunnerLease {
        let number = running.number
        var id: ObjectIdentifier?
        let lease = RunnerLease(name, running.server) { [weak self] in
            if let id { self?.returned(id, number) }
        }
        id = ObjectIdentifier(lease)
        out[ObjectIdentifier(lease)] = lease
        take(.leaseOut)
        use()
        return lease
    }

    private func returned(_ lease: ObjectIdentifier, _ number: Int) {
        guard out.removeValue(forKey: lease) != nil else { return }
        use()
        take(.leaseIn(number))
    }

    private func refuse() {
        let fault = failure ?? Fault(.unavailable, "the runner \(name) was stopped", isRetryable: true)
        lastWord = ""
        let guests = waiting
        waiting = []
        for (waiter, _) in guests { waiter.finish(.failure(fault)) }
    }

    private func armIdle() {
        let timer = Timer { [weak self] in self?.take(.idle) }
        let unused = Duration.milliseconds(max(0, tools.now() - max(lastUsed, foundAt)))
        timer.schedule(after: max(spec.idleTimeout - unused, .zero))
        idleTimer = timer
        tools.places.look()
    }

    private func use() {
        lastUsed = tools.now()
        guard lastUsed - noted >= OwnRunner.noteInterval else { return }
        noted = lastUsed
        tools.book.noteUse(name, at: lastUsed)
    }

    // MARK: its end

    /// It ended by itself, or was ended by somebody else.
    func ended(_ number: Int, _ end: RunnerEnd) {
        guard running?.number == number, life.state != .stopping else { return }
        lastEnd = end
        tools.log.warning(
            "a runner has ended",
            ["runner": LogValue(name), "reason": LogValue(end.reason), "on_it": LogValue(life.leases)])
        // A start under way says so itself.
        guard life.state != .starting else { return }
        failure = Fault(.unavailable, "the runner \(name) ended: \(end.reason)", isRetryable: true)
        tellLeases(end)
        clearAway()
        take(.ended(number))
    }

    func tellLeases(_ end: RunnerEnd) {
        for lease in out.values { lease.runnerEnded(end) }
        out = [:]
    }

    func close() {
        idleTimer?.cancel()
        patienceTimer?.cancel()
        failure = Fault(.unavailable, "Perigee is stopping", isRetryable: true)
        refuse()
    }
}
