import Runtime

// What is looked at now and then: age, memory, health, and what nobody knows.

extension OwnRunners {
    func lookAround() {
        tools.spawn("looking at the runners") { [weak self, limits] in
            while true {
                try await Loop.sleep(for: limits.look)
                guard let self else { return }
                await lookOnce()
            }
        }
    }

    /// A runner that is old, large or deaf is started anew when it is needed next; nobody is disturbed.
    func lookOnce() async {
        for runner in Array(runners.values) {
            guard runner.life.state == .ready, let running = runner.running else { continue }
            if runner.age > limits.age {
                retire(runner, "it has been up for \(Units.describe(limits.age))")
            } else if await isLarge(runner, running) {
                retire(runner, "it uses most of its memory")
            } else if !running.server.hasEvents, await runner.isWell() == false, runner.life.leases == 0 {
                retire(runner, "it does not answer")
            }
        }
        for (name, runner) in runners where runner.isForgotten {
            runners[name] = nil
            runner.discardOwn()
        }
    }

    /// A chat that nobody remembers needs no sessions any more.
    func forget(chat: String, of user: String) {
        let (directories, workspace) = (tools.directories, Workspace.id(of: user))
        let used = Set(runners.values.filter { !$0.isForgotten }.map(\.spec.privateDirectory))
        tools.spawn("clearing up after a chat") {
            try await BlockingPool.shared.run("clearing up after a chat") {
                for path in directories.ofChat(chat, in: workspace) where !used.contains(path) {
                    _ = directories.takeAway(path)
                }
                try directories.clear(workspace)
            }
        }
    }

    private func retire(_ runner: OwnRunner, _ reason: String) {
        tools.log.info("a runner is retired: \(reason)", ["runner": LogValue(runner.name)])
        runner.take(.changed)
    }

    private func isLarge(_ runner: OwnRunner, _ running: OwnRunner.Running) async -> Bool {
        guard let most = running.spec.limits.memory, limits.memoryShare < 1 else { return false }
        do {
            let use = try await Deadline.within(tools.patience.probe) {
                try await tools.backend.use(of: running.place)
            }
            guard let memory = use.memory, runner.running?.number == running.number else { return false }
            return Double(memory) > Double(most) * limits.memoryShare
        } catch {
            // Nobody knows just now.
            return false
        }
    }

    // MARK: what nobody knows

    /// All that bears a mark of runners on this machine.
    func everything() async throws -> [FoundRunner] {
        try await Deadline.within(.seconds(30)) { try await tools.backend.found() }
    }

    /// By proof: this state directory started it, and its book does not have it. What others started is theirs.
    func isOrphan(_ found: FoundRunner) -> Bool {
        guard found.owner == tools.book.owner else { return false }
        guard let runner = runners[found.name] else { return true }
        // One that is being started, or stopped, has no identity that is known yet.
        if [.starting, .stopping].contains(runner.life.state) { return false }
        return runner.running?.place.identity != found.identity
    }

    /// Enough to end it; nobody can speak with it.
    func place(of found: FoundRunner) -> RunnerPlace {
        RunnerPlace(mode: mode, identity: found.identity, address: "", password: Secret(""))
    }
}
