import Runtime

/// Lets what people may read of a user be written soon after it changed, and not for each of many changes.
@Loop
final class MirrorPace {
    private let pause: Duration
    private let write: @Loop (_ user: String) async -> Void
    private let scope: Scope
    private var changed: Set<String> = []
    private lazy var timer = Timer { [weak self] in self?.begin() }

    init(_ pause: Duration = .seconds(1), scope: Scope, write: @escaping @Loop (_ user: String) async -> Void) {
        self.pause = pause
        self.write = write
        self.scope = scope.child("mirrors")
    }

    func note(_ user: String) {
        changed.insert(user)
        if !timer.isScheduled { timer.schedule(after: pause) }
    }

    /// Returns when all that was noted is written.
    func close() async {
        timer.cancel()
        await scope.close(grace: .seconds(5))
        await writeAll()
    }

    private func begin() {
        scope.spawn("writing mirrors") { [self] in await writeAll() }
    }

    private func writeAll() async {
        while let user = changed.popFirst() { await write(user) }
    }
}
