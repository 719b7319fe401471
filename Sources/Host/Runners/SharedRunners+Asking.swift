import Runtime

/// The shared server as the one runner that there is. It is not ours to stop.
extension SharedRunners: WorldRunners {
    func list() -> [RunnerState] {
        [
            RunnerState(
                name: SharedRunners.runner, mode: RunnerMode.shared.rawValue, life: .ready,
                address: server.address.redacted)
        ]
    }

    func get(_ name: String) throws -> RunnerState {
        guard name == SharedRunners.runner else {
            throw Fault(.notFound, "there is no runner \"\(name)\"", hint: "`perigee runners` lists them")
        }
        return list()[0]
    }

    func stop(_ name: String) async throws { throw notOurs(try get(name)) }
    func restart(_ name: String) async throws { throw notOurs(try get(name)) }
    func logs(_ name: String, lines: Int) async throws -> String { throw notOurs(try get(name)) }
    func found() async throws -> [RunnerFinding] { [] }

    func end(orphan identity: String) async throws {
        throw Fault(.notFound, "there is no orphan \(identity)", hint: "a shared server leaves none")
    }

    private func notOurs(_ runner: RunnerState) -> Fault {
        Fault(
            .conflict, "the shared opencode at \(runner.address ?? "") was not started by Perigee",
            hint: "stop, restart and read it where it was started", isRetryable: false)
    }
}
