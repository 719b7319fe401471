import Runtime

// An agent keeps programs and watches open for each directory in which it has worked, and never ends them by itself: on a
// server that many share they only grow.

extension FreshRunners {
    /// It waits for nobody's turn, and nobody waits for it; but nothing of its runner rests while it looks on.
    func visit(workspace: String, directory: String) async throws -> RunnerLease {
        let lease = try await pool.lease(workspace: workspace, directory: directory)
        let runner = lease.runner
        guests[runner, default: 0] += 1
        return RunnerLease(lease) { [weak self] in
            guard let self, let count = guests[runner] else { return }
            guests[runner] = count > 1 ? count - 1 : nil
        }
    }

    func rests(_ place: Place) {
        resting[place] = Instant.clock
        arm()
    }

    /// One timer for all of them; none while nothing rests.
    private func arm() {
        guard !restTimer.isScheduled, let first = resting.values.min() else { return }
        restTimer.schedule(at: first + idle)
    }

    func lookForResting() {
        let now = Instant.clock
        for (place, since) in resting where since + idle <= now {
            resting[place] = nil
            scope.spawn("ending what rests") { [weak self] in await self?.end(place) }
        }
        arm()
    }

    private func end(_ place: Place) async {
        guard held[place] == nil, !renewing.contains(place), let server = pool.server(of: place.runner) else { return }
        guard guests[place.runner] == nil else { return rests(place) }
        do {
            try await alone(in: place) {
                // Others than we may work there: ending it would end their turns.
                guard try await server.status(in: place.directory).values.allSatisfy({ $0 == .idle }) else {
                    return rests(place)
                }
                try await server.dispose(place.directory)
                wasEnded(place)
                log.debug("a directory rests", ["directory": LogValue(place.directory)])
            }
        } catch {
            // It goes with its runner, or after the next turn there.
            log.debug(
                "what rests could not be ended: \(Fault(error).message)", ["directory": LogValue(place.directory)])
        }
    }
}
