import Runtime

/// Gives each runner that is to be started a place among all of them; whoever gets none waits its turn.
@Loop
final class RunnerPlaces {
    private let room: RunnerRoom
    private let patience: Duration
    private var holders: [String: OwnRunner] = [:]
    private var waiting: [(runner: OwnRunner, waiter: Waiter<Void>)] = []

    init(_ room: RunnerRoom, patience: Duration) {
        self.room = room
        self.patience = patience
    }

    var count: Int { holders.count }

    /// Returns when it has a place, which it keeps until `leave`.
    func enter(_ runner: OwnRunner) async throws {
        if holders[runner.name] != nil { return }
        let waiter = Waiter<Void>("a place for a runner")
        waiting.append((runner, waiter))
        look()
        if !waiter.isFinished { runner.tell("Waiting until another agent has finished") }
        do {
            try await Deadline.within(patience) { try await waiter.value() }
        } catch {
            waiting.removeAll { $0.waiter === waiter }
            guard Fault(error).kind == .timeout else { throw error }
            throw Fault(
                .overBudget, "all places for agents are taken: \(room.most) in all, \(room.mostOfOne) for one user",
                hint: "wait until a turn has ended, or raise RUNNER_MAX or RUNNER_MAX_PER_USER", isRetryable: true)
        }
    }

    /// One that is up already, from before a restart: it is there whether there is room or not.
    func take(_ runner: OwnRunner) { holders[runner.name] = runner }

    func close() {
        holders = [:]
        waiting = []
    }

    func leave(_ runner: OwnRunner) {
        guard holders.removeValue(forKey: runner.name) != nil else { return }
        look()
    }

    /// Something has changed: whoever can get in does, and as many idle ones are asked to leave as there are others who
    /// wait for a place.
    func look() {
        waiting.removeAll { $0.waiter.isFinished }
        var awaited: [String] = []
        var index = 0
        while index < waiting.count {
            let (runner, waiter) = waiting[index]
            let verdict = room.verdict(
                for: runner.workspace, among: holders.values.map(\.holder), awaited: awaited)
            switch verdict {
            case .enter:
                holders[runner.name] = runner
                waiting.remove(at: index)
                waiter.finish(.success(()))
            case .afterStopping(let name):
                holders[name]?.take(.capReached)
                // What could not leave is looked at again when something else changes.
                if holders[name]?.holder.isLeaving != true { index += 1 }
            case .afterLeaving:
                awaited.append(runner.workspace)
                index += 1
            case .wait(let isFull):
                if isFull { return }
                index += 1
            }
        }
    }
}
