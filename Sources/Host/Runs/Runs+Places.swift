import Runtime

/// What a run that shares its places with others is bound to. It is kept with the run, and no engine reads it.
struct RunBounds: Sendable, Equatable, Codable {
    /// Shares take turns: a project of a user.
    var share: String
    /// How long it may take, from the moment in which it has a place.
    var seconds: Int
}

// Runs with bounds wait for one of a few places; the others are held up by nothing but their lanes.
extension Runs {
    /// Places in the queue that are told when a run gets there; each step would be told to everybody who waits.
    nonisolated static let toldPlaces: Set<Int> = [1, 2, 3, 5, 10, 20, 50]

    /// Refuses what there is no room for, before anything is written.
    func checkRoom(for order: RunOrder) throws {
        guard let bounds = order.input.bounds else {
            guard lanes.waitingCount(of: order.user) < settings.queuedPerUser else {
                throw Fault(
                    .overBudget, "\(settings.queuedPerUser) runs of this user wait already",
                    hint: "wait until some of them have ended, or cancel them")
            }
            return
        }
        let count = places.waitingCount(of: bounds.share) + lanes.waitingCount(of: order.waiter)
        guard count < settings.queuedPerShare, places.waitingBytes < settings.queuedBytes else {
            throw Fault(
                .overBudget, "\(count) tasks of this project wait already, or all together are too large",
                hint: "send more when some of them have ended, or cancel some")
        }
    }

    /// It waits for its place, which may be free.
    func queue(_ run: LiveRun, _ bounds: RunBounds) {
        places.enter(run.id, share: bounds.share, bytes: run.record.order.input.bytes)
        fillPlaces()
        if let place = places.position(of: run.id) { tell(run, place: place) }
    }

    /// Its end frees its place.
    func leavePlace(_ run: LiveRun) { if places.leave(run.id) { fillPlaces() } }

    private func fillPlaces() {
        guard !isClosing else { return }
        var isNews = false
        while let id = places.next() {
            isNews = true
            guard let run = live[id] else { continue }
            startClock(of: run)
            begin(run)
        }
        guard isNews else { return }
        for (index, id) in places.first(50).enumerated() where Runs.toldPlaces.contains(index + 1) {
            if let run = live[id], run.toldPlace.map({ $0 > index + 1 }) ?? true { tell(run, place: index + 1) }
        }
    }

    private func tell(_ run: LiveRun, place: Int) {
        run.toldPlace = place
        append(.place(place), to: run)
    }

    /// What went by while Perigee was down counts: the agent may have been at work all the time.
    private func startClock(of run: LiveRun) {
        guard let bounds = run.record.order.input.bounds else { return }
        let text = "it took longer than the \(bounds.seconds) s that it has"
        let timer = Timer { [weak self, weak run] in
            guard let self, let run else { return }
            self.fail(run, RunFailure(.timeout, text, hint: "give it more time, or ask for less at once"))
        }
        let gone = run.record.startedAt.map { max(0, now() - $0) } ?? 0
        timer.schedule(after: .milliseconds(max(0, Int64(bounds.seconds) * 1000 - gone)))
        run.clock = timer
    }
}

extension RunOrder {
    /// Whose waiting runs are counted: a user's turns must not be refused because of the tasks that wait.
    var waiter: String { input.bounds.map { "share \($0.share)" } ?? user }
}

extension RunInput {
    /// About how much it holds.
    var bytes: Int {
        parts.reduce(0) { $0 + ($1.text?.utf8.count ?? 0) + ($1.url?.utf8.count ?? 0) } + (system?.utf8.count ?? 0)
    }
}
