import Runtime

/// Tells of each change of a run's state, while somebody holds it.
@Loop
final class RunFeed {
    private let user: String?
    private let tell: (RunRecord) -> Void
    private weak var runs: Runs?

    init(_ runs: Runs, user: String?, _ tell: @escaping (RunRecord) -> Void) {
        self.runs = runs
        self.user = user
        self.tell = tell
    }

    func offer(_ run: RunRecord) { if user == nil || user == run.order.user { tell(run) } }

    func close() { runs?.remove(self) }
}
