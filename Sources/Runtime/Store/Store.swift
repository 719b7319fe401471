import Glibc
import Synchronization

/// The durable state of the product: one SQLite file, one thread that writes, a few that read.
///
/// What `write` has acknowledged survives a kill and a power cut. One process has a store open at a time.
@Loop
public final class Store {
    public struct Options: Sendable {
        /// Threads that read, each on its own connection; they start when they are needed.
        public var readers = 3
        /// Writes, and reads, that may wait; more are refused.
        public var queueLimit = 16_384
        /// A read that takes longer is stopped: an old snapshot keeps the WAL from shrinking.
        public var readLimit = Duration.seconds(30)
        /// A write that takes longer is stopped and undone: all others wait for it.
        public var writeLimit = Duration.seconds(10)
        /// Brings commits to the disk; tests have it wait, or fail.
        var sync: @Sendable (Database) throws -> Void = { try $0.sync() }

        public init() {}
    }

    public let path: String
    private let options: Options
    private let database: Database
    private let lease: StoreLease
    private let writer: StoreWriter
    private let readers: StoreReaders
    private let later: LaterWrites
    private let scripts: ScriptReaders
    private var sideJobs: [ObjectIdentifier: StopFlag] = [:]
    private var isClosed = false
    private let writerEnded = Waiter<Void>("the store's writer")
    private let readersEnded = Waiter<Void>("the store's readers")

    /// Opens the store, creates it where there is none, and brings its schema up to date.
    ///
    /// `onFailure` hears of each `writeLater` that was lost, because nobody waits for those.
    public static func open(
        _ path: String, migrations: [Migration], options: Options = Options(),
        onFailure: @escaping @Loop (Fault) -> Void
    ) async throws -> Store {
        let claim = Claim()
        do {
            try await BlockingPool.shared.run("opening \(path)") {
                let opened = try StoreOpening.open(path, migrations: migrations)
                Loop.post { claim.arrived(opened) }
            }
        } catch {
            claim.abandon()
            throw error
        }
        return try Store(path, claim.take(), options, onFailure)
    }

    private init(
        _ path: String, _ opened: StoreOpening.Opened, _ options: Options, _ onFailure: @escaping @Loop (Fault) -> Void
    ) throws {
        self.path = path
        self.options = options
        database = opened.database
        lease = opened.lease
        let (writerEnded, readersEnded) = (writerEnded, readersEnded)
        writer = StoreWriter(
            database, queueLimit: options.queueLimit, closureLimit: options.writeLimit, sync: options.sync
        ) {
            writerEnded.finish(.success(()))
        }
        readers = StoreReaders(path, threads: options.readers, queueLimit: options.queueLimit) {
            readersEnded.finish(.success(()))
        }
        later = LaterWrites(writer, onFailure: onFailure)
        scripts = ScriptReaders(path)
        try writer.start()
    }

    // MARK: writing

    /// Runs `work` in a transaction and returns when it is on the disk, or undone because `work` threw. `committed` is
    /// called before that, as soon as the end of this process could not take it away, though a power cut could.
    ///
    /// A caller that is cancelled before its turn has written nothing; afterwards it learns the outcome all the same,
    /// within a commit. `work` may run again after others' failures: it must have no other effect than its SQL.
    @discardableResult
    public func write<Value: Sendable>(
        committed: (@Loop @Sendable () -> Void)? = nil, _ work: @escaping @Sendable (Transaction) throws -> Value
    ) async throws -> Value {
        try Task.checkCancellation()
        let value = Carried<Value>()
        let first = Waiter<Void>("the write")
        let last = Waiter<Void>("the commit")
        let job = WriteJob({ value.value = try work($0) }, committed: committed) { outcome in
            first.finish(outcome)
            last.finish(outcome)
        }
        try later.submit(before: job)
        do {
            try await first.value()
        } catch {
            if job.withdraw() { throw error }
            try await last.settled()
        }
        return value.value!
    }

    /// Writes soon, without telling when: within 50 ms or 16 KB, and before any later `write`. `bytes` is about how
    /// much it is. Refuses when the writer cannot keep up.
    public func writeLater(bytes: Int, _ work: @escaping @Sendable (Transaction) throws -> Void) throws {
        guard !isClosed else { throw Fault.storeClosed }
        try later.add(bytes: bytes, work)
    }

    /// Returns when everything asked of `writeLater` is on the disk; throws the first that was lost since the last time.
    public func flush() async throws {
        try await write { _ in }
        if let failure = later.takeFailure() { throw failure }
    }

    // MARK: reading

    /// Runs `work` on a snapshot that holds every write acknowledged before now. A cancelled caller's statements stop.
    public func read<Value: Sendable>(
        _ work: @escaping @Sendable (Snapshot) throws -> Value
    ) async throws -> Value {
        try Task.checkCancellation()
        let waiter = Waiter<Value>("the read")
        let limit = Loop.now + options.readLimit
        let job = ReadJob(deadline: Deadline.current.map { min($0, limit) } ?? limit) { snapshot in
            let outcome = Result { try work(snapshot.get()) }
            return { Loop.post { waiter.finish(outcome) } }
        }
        try readers.submit(job)
        do {
            return try await waiter.value()
        } catch {
            job.abandon()
            throw error
        }
    }

    /// Runs one SELECT that a script wrote, over the named views only.
    public func readOnly(
        _ sql: String, _ parameters: [StoredValue] = [], limits: ReadOnlyLimits
    ) async throws -> ReadOnlyResult {
        let scripts = scripts
        return try await aside("the query") { try scripts.run(sql, parameters, limits, $0) }
    }

    // MARK: care

    /// Copies the store into a new file while it goes on working. The copy is checked before it gets its name.
    public func backup(to destination: String) async throws {
        let path = path
        try await aside("the backup to \(destination)") { stop in
            try StoreCopy.make(of: path, at: destination, stop)
        }
    }

    /// Reads everything and lists what is wrong; empty when nothing is. Takes as long as reading the file.
    public func integrityCheck() async throws -> [String] {
        let path = path
        return try await aside("the integrity check") { stop in
            let reader = try Database(path, .reader)
            reader.steps.watch("the integrity check", until: Instant(nanoseconds: .max)) { stop.isRaised }
            return try StoreOpening.problems(of: reader)
        }
    }

    /// Writes what is queued, empties the WAL and lets go of the file. Afterwards every call is refused.
    public func close() async {
        guard !isClosed else { return }
        isClosed = true
        for flag in sideJobs.values { flag.raise() }
        // The queue refuses only when it is full; what is left then is the newest of what nobody waits for.
        try? later.submit()
        writer.close()
        readers.close()
        // Both end by themselves: a queue has an end, and each statement a limit.
        _ = try? await writerEnded.settled()
        // As above.
        _ = try? await readersEnded.settled()
        let (database, lease) = (database, lease)
        let closed = Waiter<Void>("closing the store")
        do {
            try Thread.start("last checkpoint") {
                database.finish()
                database.close()
                lease.release()
                Loop.post { closed.finish(.success(())) }
            }
        } catch {
            database.finish()
            database.close()
            lease.release()
            return
        }
        // It only ever succeeds.
        try? await closed.settled()
    }

    /// Runs long work on a thread of the pool; it stops when the caller does, and when the store closes.
    private func aside<Value: Sendable>(
        _ subject: String, _ work: @escaping @Sendable (StopFlag) throws -> Value
    ) async throws -> Value {
        guard !isClosed else { throw Fault.storeClosed }
        let flag = StopFlag()
        sideJobs[ObjectIdentifier(flag)] = flag
        defer { sideJobs[ObjectIdentifier(flag)] = nil }
        do {
            return try await BlockingPool.shared.run(subject) { try work(flag) }
        } catch {
            flag.raise()
            throw error
        }
    }
}

extension Store {
    /// Puts a backup in the place of the store, which must not be open. The old file is kept beside it; its name is
    /// returned.
    @discardableResult
    public static func restore(_ path: String, from backup: String, migrations: [Migration]) async throws -> String? {
        try await BlockingPool.shared.run("restoring \(path)") {
            try StoreRestore.run(path, from: backup, migrations: migrations)
        }
    }
}

/// Tells work on another thread that nobody wants it any more.
final class StopFlag: Sendable {
    private let raised = Atomic<Bool>(false)

    var isRaised: Bool { raised.load(ordering: .relaxed) }
    func raise() { raised.store(true, ordering: .relaxed) }
}

/// Carries a value from the writer's thread to the loop, in that order.
private final class Carried<Value>: @unchecked Sendable {
    var value: Value?
}

/// Takes the opened store over from the pool's thread, or closes it when its caller has gone meanwhile.
@Loop
private final class Claim {
    private var opened: StoreOpening.Opened?
    private var isAbandoned = false

    nonisolated init() {}

    func arrived(_ opened: StoreOpening.Opened) {
        if isAbandoned { opened.lease.release() } else { self.opened = opened }
    }

    func abandon() {
        isAbandoned = true
        opened?.lease.release()
        opened = nil
    }

    func take() -> StoreOpening.Opened { opened! }
}
