import Runtime

// How a runner comes to be there: started, or found where an earlier process of ours left it.

extension OwnRunner {
    func start(_ number: Int) {
        (failure, lastEnd, running, directories) = (nil, nil, nil, [])
        starting = tools.spawn("starting \(name)") { [self] in
            do {
                // It clears away itself what bears its name.
                clearing?.cancel()
                await clearing?.value
                try await bringUp(number)
                take(.answered(number))
            } catch {
                failed(number, error)
            }
        }
    }

    private func failed(_ number: Int, _ error: any Error) {
        let fault = Fault(error)
        running = nil
        if fault.kind != .cancelled {
            failure = fault
            tools.log.warning(
                "a runner did not start: \(fault.message)",
                ["runner": LogValue(name), "hint": LogValue(fault.hint ?? "")])
        }
        take(.startFailed(number))
    }

    private func bringUp(_ number: Int) async throws {
        try await tools.places.enter(self)
        try await tools.starts.run {
            tell("Starting the agent")
            var spec = spec
            spec.secrets[RunnerSpec.passwordVariable] = password()
            let moment = tools.now()
            // From here on something may be there, whatever becomes of this process.
            try await tools.book.put(entry(spec, nil, moment, .starting), mode: tools.backend.mode)
            do {
                let place = try await Deadline.within(tools.patience.start) {
                    try await tools.backend.start(spec) { [weak self] in self?.tell($0) }
                }
                try await settle(place, spec, number, moment)
            } catch {
                await leaveNothing()
                throw error
            }
        }
    }

    private func password() -> Secret {
        let text = Random.token(bytes: 24)
        tools.log.secrets.add(text)
        return Secret(text)
    }

    /// It is there; it is of use as soon as it answers.
    private func settle(_ place: RunnerPlace, _ spec: RunnerSpec, _ number: Int, _ moment: Int64) async throws {
        let server = try tools.connect(place)
        running = Running(number: number, place: place, server: server, spec: spec, startedAt: moment)
        try await tools.book.put(entry(spec, place, moment, .starting), mode: tools.backend.mode)
        watch(place, number)
        try await untilItAnswers(server, place, within: spec.startTimeout)
        try await tools.book.mark(name, .ready)
        tools.log.info(
            "runner ready",
            ["runner": LogValue(name), "ms": LogValue(tools.now() - moment), "mode": LogValue(place.mode.rawValue)])
    }

    private func untilItAnswers(_ server: OpencodeServer, _ place: RunnerPlace, within limit: Duration) async throws {
        let end = Instant.clock + limit
        var pause = tools.patience.firstLook
        while true {
            if let lastEnd {
                throw Fault(
                    .unavailable, "the agent ended while it was started: \(lastEnd.reason)",
                    hint: await lastLines(of: place), isRetryable: true)
            }
            do {
                let soon = min(end, Instant.clock + tools.patience.probe)
                _ = try await Deadline.by(soon) { try await server.probe() }
                return
            } catch {
                let fault = Fault(error)
                guard fault.isRetryable || fault.kind == .timeout else { throw fault }
                guard Instant.clock + pause < end else {
                    throw Fault(
                        .timeout, "the agent did not answer within \(Units.describe(limit)): \(fault.message)",
                        hint: await lastLines(of: place), isRetryable: true)
                }
            }
            try await Loop.sleep(for: pause)
            pause = min(pause * 2, tools.patience.lastLook)
        }
    }

    /// What it printed says mostly more than we can.
    func lastLines(of place: RunnerPlace) async -> String? {
        // Without them the fault is as true.
        let text = try? await Deadline.within(tools.patience.probe) {
            try await tools.backend.log(of: place, lines: 5)
        }
        guard let text, !text.isEmpty else { return nil }
        // Of one that has ended the password is not among the log's secrets any more.
        return "it printed: \(tools.log.secrets.clean([place.password].hidden(in: text), limit: 500))"
    }

    /// After a start that failed, or was given up. When Perigee itself stops, the next process finds it in the book.
    private func leaveNothing() async {
        guard !tools.scope.isClosing else { return }
        let (tools, name, running) = (tools, name, running)
        let done = Waiter<Void>("the end of a start")
        tools.spawn("clearing up after \(name)") {
            do {
                await running?.server.close()
                if let place = running?.place { try await tools.backend.stop(place, grace: .zero) }
                try await tools.book.drop(name, running?.place.identity)
            } catch {
                tools.log.warning(
                    "what a start left could not be removed: \(Fault(error).message)", ["runner": LogValue(name)])
            }
            done.finish(.success(()))
        }
        // The task above always ends, and a start that was cancelled waits for it too.
        _ = try? await done.settled()
    }

    private func entry(
        _ spec: RunnerSpec, _ place: RunnerPlace?, _ moment: Int64, _ state: RunnerBook.Entry.State
    ) -> RunnerBook.Entry {
        RunnerBook.Entry(
            name: name, workspace: workspace, keySignature: spec.keySignature, signature: spec.signature, place: place,
            startedAt: moment, lastUsedAt: lastUsed, state: state)
    }

    // MARK: one that is there already

    /// Takes over what the book says.
    func find(_ entry: RunnerBook.Entry, _ place: RunnerPlace) throws {
        (lastUsed, foundAt) = (entry.lastUsedAt, tools.now())
        tools.places.take(self)
        running = Running(
            number: life.number + 1, place: place, server: try tools.connect(place), spec: spec,
            startedAt: entry.startedAt)
        take(.found)
    }

    func adopt(_ number: Int) {
        guard let running else { return take(.lost(number)) }
        starting = tools.spawn("adopting \(name)") { [self] in
            do {
                guard await isThere(running.place) else { throw Fault(.unavailable, "it is not up any more") }
                // It may have been started just before the other process ended.
                let limit = max(spec.startTimeout - age, tools.patience.probe)
                try await untilItAnswers(running.server, running.place, within: limit)
                try await tools.book.mark(name, .ready)
                watch(running.place, number)
                tools.log.info("runner taken over from before", ["runner": LogValue(name)])
                take(.answered(number))
            } catch {
                guard !tools.scope.isClosing else { return take(.startFailed(number)) }
                tools.log.info(
                    "a runner from before is of no use: \(Fault(error).message)", ["runner": LogValue(name)])
                await leaveNothing()
                self.running = nil
                take(.lost(number))
            }
        }
    }

    /// Where the backend cannot tell just now, its answer to its password will.
    private func isThere(_ place: RunnerPlace) async -> Bool {
        do {
            let presence = try await Deadline.within(tools.patience.probe) {
                try await tools.backend.presence(of: place)
            }
            return presence == .up
        } catch {
            tools.log.info(
                "whether a runner is up cannot be told: \(Fault(error).message)", ["runner": LogValue(name)])
            return true
        }
    }

    // MARK: watching

    /// Waits for its end. A backend that cannot tell just now is asked again.
    private func watch(_ place: RunnerPlace, _ number: Int) {
        tools.spawn("watching \(name)") { [weak self, tools] in
            while true {
                do {
                    let end = try await tools.backend.end(of: place)
                    self?.ended(number, end)
                    return
                } catch {
                    let fault = Fault(error)
                    guard fault.kind != .cancelled, self?.running?.number == number else { return }
                    tools.log.debug(
                        "the end of a runner cannot be awaited: \(fault.message)",
                        ["runner": LogValue(self?.name ?? "")])
                    try await Loop.sleep(for: tools.patience.again)
                }
            }
        }
    }
}
