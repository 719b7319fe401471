import Runtime

/// What doors, commands and scripts may ask.
extension OwnRunners: WorldRunners {
    func list() -> [RunnerState] {
        runners.values.filter { $0.life.state != .absent }.map(\.shown).sorted { $0.name < $1.name }
    }

    func get(_ name: String) throws -> RunnerState { try known(name).shown }

    func stop(_ name: String) async throws {
        let runner = try known(name)
        runner.take(.stopAsked)
        try await untilSettled(runner)
        if runner.life.state == .failed, let failure = runner.failure { throw failure }
    }

    func restart(_ name: String) async throws {
        let runner = try known(name)
        if runner.life.state != .absent { runner.take(.restartAsked) }
        try await runner.lease(runner.ask { _ in }, in: runner.spec.directory).release()
    }

    func logs(_ name: String, lines: Int) async throws -> String {
        let runner = try known(name)
        guard let running = runner.running else {
            throw Fault(.conflict, "the runner \(name) is not up, and its output went with it")
        }
        let text = try await Deadline.within(.seconds(10)) {
            try await tools.backend.log(of: running.place, lines: lines)
        }
        return tools.log.secrets.clean(text)
    }

    func found() async throws -> [RunnerFinding] {
        let all = try await everything()
        // What is no runner is in nobody's plan: a network that a killed process of ours still made has no other use.
        try await tools.backend.sweep()
        lastFound = Dictionary(all.map { ($0.identity, $0) }) { first, _ in first }
        return all.map { found in
            RunnerFinding(
                identity: found.identity, name: found.name, workspace: found.workspace,
                standing: found.owner != tools.book.owner ? .foreign : isOrphan(found) ? .orphan : .known,
                startedAt: Int64(found.started * 1000), isUp: found.isUp, memory: found.memory)
        }
    }

    /// What a listing has found is looked at again: it may be in the book by now, or be gone.
    func end(orphan identity: String) async throws {
        guard let found = lastFound[identity] else {
            throw Fault(.notFound, "there is no orphan \(identity)", hint: "list what is found first")
        }
        guard isOrphan(found) else {
            throw Fault(
                .conflict, "\(found.name) (\(identity)) is no orphan", hint: "`perigee runners` lists those in use")
        }
        try await tools.backend.stop(place(of: found), grace: .zero)
        lastFound[identity] = nil
    }

    private func untilSettled(_ runner: OwnRunner) async throws {
        let limit = tools.patience.farewell + tools.patience.grace + .seconds(20)
        try await Deadline.within(limit) { try await runner.untilStopped() }
    }
}

extension OwnRunner {
    var shown: RunnerState {
        RunnerState(
            name: name, mode: tools.backend.mode.rawValue, workspace: workspace, keySignature: spec.keySignature,
            isolation: spec.share.kind.rawValue,
            life: RunnerState.Life(rawValue: life.state.rawValue) ?? .absent, leases: life.leases,
            isStale: life.isStale, address: running?.place.address, identity: running?.place.identity,
            startedAt: running?.startedAt, lastUsedAt: lastUsed, reason: failure?.message)
    }
}
