import Runtime

/// Writes that are made whatever happens to the task that did the work: what has been done has to be in the books.
@Loop
final class Ledger {
    let store: Store
    private let log: Log
    private let scope: Scope

    init(_ store: Store, log: Log, scope: Scope) {
        self.store = store
        self.log = log
        self.scope = scope.child("books")
    }

    /// Returns when it is on the disk, also to a caller that has been cancelled or is past its deadline.
    @discardableResult
    func write<Value: Sendable>(
        _ work: @escaping @Sendable (Store.Transaction) throws -> Value
    ) async throws -> Value {
        let written = Waiter<Value>("an entry in the books")
        scope.spawn("an entry in the books") { [store] in
            do {
                let value = try await Deadline.lifted { try await store.write(work) }
                written.finish(.success(value))
            } catch {
                written.finish(.failure(error))
            }
        }
        return try await written.settled()
    }

    /// Writes soon, before whatever is written after it; nobody waits for it.
    func note(_ work: @escaping @Sendable (Store.Transaction) throws -> Void) {
        do {
            try store.writeLater(bytes: 256, work)
        } catch {
            log.error("a note about a job was lost", error)
        }
    }

    /// Lets what is being written get to the disk.
    func close() async { await scope.close(grace: .seconds(10)) }
}
