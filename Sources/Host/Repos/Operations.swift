import Runtime

/// Work that somebody asked for and that may take longer than they wait: its state, how far it is, and what it came to.
/// Known until an hour after its end. Of those whose clients were told to ask again the store knows too, so that a restart
/// that breaks one off is told as such.
@Loop
final class Operations {
    enum State: String, Sendable, Storable {
        case running, succeeded, failed, cancelled
        /// By the end of the process that did it.
        case interrupted
    }

    struct Operation: Sendable {
        let id: String
        let kind: String
        let subject: String
        /// Who may see it besides managers.
        let user: String?
        let startedAt: Int64
        var state = State.running
        fileprivate(set) var phase: String?
        fileprivate(set) var percent: Int?
        var result: JSONObject?
        var fault: Fault?
        var endedAt: Int64?
        /// Whether a client was told to ask for it.
        fileprivate(set) var isKept = false
    }

    enum Outcome {
        case done(JSONObject)
        /// It goes on; ask again.
        case later(Operation)
    }

    private let scope: Scope
    private let store: Store
    private let now: @Loop () -> Int64
    private let patience: Duration
    private var all: [String: Operation] = [:]
    private var tasks: [String: Task<Void, Never>] = [:]
    private var waiting: [String: Waiter<Void>] = [:]

    private nonisolated static let kept: Int64 = 3_600_000
    private static let most = 1000

    init(scope: Scope, store: Store, patience: Duration = .seconds(20), now: @escaping @Loop () -> Int64) {
        self.scope = scope.child("operations")
        self.store = store
        self.patience = patience
        self.now = now
    }

    /// What the last process was at has ended with it.
    func start() async throws {
        let moment = now()
        let broken = Fault(
            .unavailable, "Perigee was stopped while it was at work on this",
            hint: "ask for it again; nothing is half done")
        let outcome = try OperationQueries.outcome(nil, broken)
        let known = try await store.write { transaction in
            try transaction.run(OperationQueries.interrupt, moment, outcome)
            try transaction.run(OperationQueries.forget, moment - Operations.kept)
            return try transaction.all(OperationQueries.all)
        }
        for operation in known { all[operation.id] = operation }
    }

    /// Begins it and waits a while for its end. Whoever goes away, or has no more time, leaves it running.
    func run(
        _ kind: String, _ subject: String, user: String?, patience: Duration? = nil,
        _ work: @escaping @Loop (_ tell: @escaping @Loop (GitProgress) -> Void) async throws -> JSONObject
    ) async throws -> Outcome {
        try forgetOld()
        let id = "op_" + Hex.encode(Random.bytes(10))
        all[id] = Operation(id: id, kind: kind, subject: subject, user: user, startedAt: now())
        let ended = Waiter<Void>("\(kind) \(subject)")
        waiting[id] = ended
        tasks[id] = scope.spawn("\(kind) \(subject)") { [self] in
            let result: Result<JSONObject, any Error>
            do {
                result = .success(
                    try await Deadline.lifted { try await work { self.tell($0, id) } })
            } catch {
                result = .failure(error)
            }
            end(id, result)
        }
        do {
            try await Deadline.within(patience ?? self.patience) { try await ended.value() }
        } catch let fault as Fault where fault.kind == .timeout {
            return .later(try await keep(id))
        }
        let operation = try get(id)
        if let fault = operation.fault { throw fault }
        return .done(operation.result ?? [:])
    }

    /// Returns when the store knows it.
    private func keep(_ id: String) async throws -> Operation {
        all[id]?.isKept = true
        let operation = try get(id)
        let outcome = try OperationQueries.outcome(operation.result, operation.fault)
        try await store.write { transaction in
            try transaction.run(
                OperationQueries.add, operation.id, operation.kind, operation.subject, operation.user,
                operation.startedAt, operation.state, operation.endedAt, outcome)
        }
        return try get(id)
    }

    private func noteEnd(of operation: Operation) {
        do {
            let outcome = try OperationQueries.outcome(operation.result, operation.fault)
            try store.writeLater(bytes: 256 + outcome.utf8.count) { transaction in
                try transaction.run(
                    OperationQueries.end, operation.state, operation.endedAt, outcome, operation.id)
            }
        } catch {
            // The next start tells it as interrupted, which is the safe side.
        }
    }

    private func tell(_ progress: GitProgress, _ id: String) {
        all[id]?.phase = progress.phase
        all[id]?.percent = progress.percent
    }

    private func end(_ id: String, _ result: Result<JSONObject, any Error>) {
        switch result {
        case .success(let value):
            all[id]?.state = .succeeded
            all[id]?.result = value
        case .failure(let error):
            let fault = Fault(error)
            all[id]?.state = fault.kind == .cancelled ? .cancelled : .failed
            all[id]?.fault = fault
        }
        all[id]?.endedAt = now()
        tasks[id] = nil
        if let operation = all[id], operation.isKept { noteEnd(of: operation) }
        waiting.removeValue(forKey: id)?.finish(.success(()))
    }

    func get(_ id: String, of user: String? = nil) throws -> Operation {
        guard let operation = all[id], user == nil || operation.user == user else {
            throw Fault(
                .notFound, "there is no operation \"\(id.prefix(40))\"",
                hint: "they are forgotten an hour after their end")
        }
        return operation
    }

    func list(of user: String? = nil) -> [Operation] {
        all.values.filter { user == nil || $0.user == user }.sorted { ($0.startedAt, $0.id) > ($1.startedAt, $1.id) }
    }

    /// Asks it to stop; its end says whether it did.
    func cancel(_ id: String, of user: String? = nil) throws {
        let operation = try get(id, of: user)
        guard operation.state == .running else {
            throw Fault(.conflict, "the operation \(id) has ended: \(operation.state.rawValue)")
        }
        tasks[id]?.cancel()
    }

    private func forgetOld() throws {
        let old = now() - Operations.kept
        for (id, operation) in all where operation.endedAt.map({ $0 < old }) ?? false { all[id] = nil }
        guard all.count >= Operations.most else { return }
        for operation in list().reversed() where operation.endedAt != nil && all.count >= Operations.most {
            all[operation.id] = nil
        }
        guard all.count < Operations.most else {
            throw Fault(.overBudget, "\(Operations.most) operations are under way already", hint: "try again later")
        }
    }

    func close() async { await scope.close() }
}

extension Operations.Operation {
    var shown: JSONObject {
        var shown: JSONObject = [
            "id": .string(id), "kind": .string(kind), "subject": .string(subject), "state": .string(state.rawValue),
            "started_at": .string(JobTime.text(startedAt)),
        ]
        shown["phase"] = phase.map { .string($0) }
        shown["percent"] = percent.map { .integer(Int64($0)) }
        shown["result"] = result.map { .object($0) }
        shown["ended_at"] = endedAt.map { .string(JobTime.text($0)) }
        shown["error"] = fault.map { .object($0.shown) }
        return shown
    }
}
