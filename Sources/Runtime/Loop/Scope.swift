/// Owns tasks. Closing it cancels them, waits until each has ended, and closes inner scopes first, newest first.
///
/// Nothing in the house starts a task outside a scope: that is how shutdown can be one ordered list.
@Loop
public final class Scope {
    public let name: String
    private var tasks: [Int: Task<Void, Never>] = [:]
    private var inner: [Scope] = []
    private weak var outer: Scope?
    private var lastTask = 0
    private var emptied: [Waiter<Void>] = []
    private let onFailure: (String, any Error) -> Void

    public private(set) var isClosing = false

    /// `onFailure` hears of every error that a task let escape, cancellation apart.
    public init(_ name: String, onFailure: @escaping (_ task: String, any Error) -> Void) {
        self.name = name
        self.onFailure = onFailure
    }

    public var taskCount: Int { tasks.count + inner.reduce(0) { $0 + $1.taskCount } }

    /// Starts a task. In a scope that is closing it starts cancelled, so that its own clean-up still runs.
    @discardableResult
    public func spawn(_ name: String, _ body: @escaping @Loop () async throws -> Void) -> Task<Void, Never> {
        lastTask += 1
        let id = lastTask
        let task = Loop.start { [self] in
            do {
                try await body()
            } catch {
                if Fault(error).kind != .cancelled { onFailure(name, error) }
            }
            ended(id)
        }
        tasks[id] = task
        if isClosing { task.cancel() }
        return task
    }

    /// A scope that closes before this one does.
    public func child(_ name: String) -> Scope {
        let scope = Scope("\(self.name)/\(name)", onFailure: onFailure)
        scope.outer = self
        scope.isClosing = isClosing
        inner.append(scope)
        return scope
    }

    /// Lets tasks finish by themselves for `grace`, then cancels them, and returns when all have ended.
    public func close(grace: Duration = .zero) async {
        isClosing = true
        for scope in inner.reversed() { await scope.close(grace: grace) }
        if grace > .zero, !tasks.isEmpty { await waitUntilEmpty(atMost: grace) }
        for task in tasks.values { task.cancel() }
        if !tasks.isEmpty { await waitUntilEmpty(atMost: nil) }
        outer?.inner.removeAll { $0 === self }
    }

    private func waitUntilEmpty(atMost limit: Duration?) async {
        // The last task may have ended on the way here: calling an async method can already be a suspension.
        guard !tasks.isEmpty else { return }
        let waiter = Waiter<Void>("the end of \(name)")
        emptied.append(waiter)
        let deadline = limit.map { Instant.clock + $0 }
        await Deadline.$current.withValue(deadline) {
            // Running out of grace is no failure: the tasks are cancelled next.
            _ = try? await waiter.value()
        }
    }

    private func ended(_ id: Int) {
        tasks[id] = nil
        guard tasks.isEmpty else { return }
        let waiting = emptied
        emptied = []
        for waiter in waiting { waiter.finish(.success(())) }
    }
}
