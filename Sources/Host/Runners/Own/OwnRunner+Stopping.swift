import Runtime

// How a runner ends because we want it to.

extension OwnRunner {
    func stop(_ number: Int) {
        guard let running else { return take(.stopped(number)) }
        let wasHealthy = failure == nil
        tools.spawn("stopping \(name)") { [self] in
            do {
                try await tools.book.mark(name, .stopping)
                if wasHealthy { await sayFarewell(running.server) }
                try await tools.backend.stop(running.place, grace: tools.patience.grace)
                tellLeases(RunnerEnd(reason: "it was stopped"))
                await running.server.close()
                try await tools.book.drop(name, running.place.identity)
                self.running = nil
                if !life.isWanted { discardOwn() }
                tools.log.info("runner stopped", ["runner": LogValue(name)])
                take(.stopped(number))
            } catch {
                failure = Fault(error)
                tools.log.warning(
                    "a runner could not be stopped: \(Fault(error).message)", ["runner": LogValue(name)])
                take(.stopFailed(number))
            }
        }
    }

    /// One that has ended by itself leaves a container, or what its tools go on with. Its last words go with that. In no
    /// book any more, it is removed here, by the next start of its name or by the job `orphans`, whichever is first.
    func clearAway() {
        guard let place = running?.place else { return }
        clearing = tools.spawn("clearing up after \(name)") { [self] in
            try await tools.book.drop(name, place.identity)
            let words = await lastLines(of: place) ?? "it printed nothing"
            do {
                try await tools.backend.clearAway(place)
                tools.log.info(
                    "what an ended runner left is removed", ["runner": LogValue(name), "hint": LogValue(words)])
            } catch let fault as Fault where fault.kind != .cancelled {
                tools.log.warning(
                    "what an ended runner left could not be removed: \(fault.message)",
                    ["runner": LogValue(name), "hint": LogValue(words)])
            }
        }
    }

    /// What the agent of one run has kept for itself is of no use to another.
    func discardOwn() {
        guard spec.share.kind == .run, tools.directories.takeAway(spec.privateDirectory) else { return }
        let (directories, workspace) = (tools.directories, workspace)
        tools.spawn("clearing up after \(name)") {
            try await BlockingPool.shared.run("clearing up after a run") { try directories.clear(workspace) }
        }
    }

    /// Returns when it is not on its way down, or not any more.
    func untilStopped() async throws {
        while life.state == .stopping {
            let waiter = Waiter<Void>("the end of the runner \(name)")
            whenStopped.append(waiter)
            try await waiter.value()
        }
    }

    /// What works in it is ended by itself: an agent that is killed leaves the programs of its tools behind.
    private func sayFarewell(_ server: OpencodeServer) async {
        do {
            try await Deadline.within(tools.patience.farewell) {
                for directory in directories {
                    for session in try await server.status(in: directory).keys {
                        try await server.abort(session, in: directory)
                    }
                }
                try await server.disposeAll()
            }
        } catch {
            tools.log.info(
                "a runner did not put its things in order: \(Fault(error).message)", ["runner": LogValue(name)])
        }
    }

    /// Whether it is there and answers; nil when nobody can tell just now.
    func isWell() async -> Bool? {
        guard let running else { return false }
        do {
            try await Deadline.within(tools.patience.probe) { _ = try await running.server.probe() }
            return true
        } catch {
            if Fault(error).kind == .cancelled { return nil }
        }
        do {
            let presence = try await Deadline.within(tools.patience.probe) {
                try await tools.backend.presence(of: running.place)
            }
            if presence == .gone { ended(running.number, RunnerEnd(reason: "it is gone")) }
            return false
        } catch {
            return nil
        }
    }
}
