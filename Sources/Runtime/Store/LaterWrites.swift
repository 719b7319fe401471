/// Writes that nobody waits for: tokens. They leave together after 50 ms or 16 KB, in the order they came.
@Loop
final class LaterWrites {
    static let delay = Duration.milliseconds(50)
    static let bytesThatLeave = 16 << 10
    /// At either bound `add` refuses: what was taken must not be lost because the writer cannot keep up.
    static let jobLimit = 4096
    static let byteLimit = 8 << 20

    private let writer: StoreWriter
    private let onFailure: @Loop (Fault) -> Void
    private var jobs: [WriteJob] = []
    private var bytes = 0
    private var failure: Fault?
    private lazy var timer = Timer { [weak self] in self?.submitOrWait() }

    init(_ writer: StoreWriter, onFailure: @escaping @Loop (Fault) -> Void) {
        self.writer = writer
        self.onFailure = onFailure
    }

    func add(bytes: Int, _ work: @escaping @Sendable (Store.Transaction) throws -> Void) throws {
        guard jobs.count < LaterWrites.jobLimit, self.bytes + bytes <= LaterWrites.byteLimit else {
            throw Fault(.overBudget, "\(jobs.count) writes of \(self.bytes) bytes wait for the store already")
        }
        jobs.append(WriteJob(work) { [self] outcome in ended(outcome) })
        self.bytes += bytes
        if self.bytes >= LaterWrites.bytesThatLeave {
            submitOrWait()
        } else if !timer.isScheduled {
            timer.schedule(after: LaterWrites.delay)
        }
    }

    /// Hands everything to the writer, with `job` behind it: all in one transaction as a rule.
    func submit(before job: WriteJob? = nil) throws {
        let all = job.map { jobs + [$0] } ?? jobs
        guard !all.isEmpty else { return }
        try writer.submit(all)
        timer.cancel()
        jobs = []
        bytes = 0
    }

    /// The first failure since the last time this was asked.
    func takeFailure() -> Fault? {
        defer { failure = nil }
        return failure
    }

    private func submitOrWait() {
        do { try submit() } catch { timer.schedule(after: LaterWrites.delay) }
    }

    private func ended(_ outcome: Result<Void, any Error>) {
        guard case .failure(let error) = outcome else { return }
        if failure == nil { failure = Fault(error) }
        onFailure(Fault(error))
    }
}
