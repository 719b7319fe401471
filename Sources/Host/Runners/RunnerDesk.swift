import Runtime

/// Where doors, commands and scripts ask about runners: it is there before they are, and after.
@Loop
final class RunnerDesk: WorldRunners {
    weak var runners: (any WorldRunners)?

    func list() -> [RunnerState] { runners?.list() ?? [] }

    func get(_ name: String) throws -> RunnerState { try one(name).get(name) }
    func stop(_ name: String) async throws { try await one(name).stop(name) }
    func restart(_ name: String) async throws { try await one(name).restart(name) }

    func logs(_ name: String, lines: Int) async throws -> String {
        try await one(name).logs(name, lines: lines)
    }

    func found() async throws -> [RunnerFinding] { try await runners?.found() ?? [] }

    func end(orphan identity: String) async throws { try await runners?.end(orphan: identity) }

    private func one(_ name: String) throws -> any WorldRunners {
        if let runners { return runners }
        throw Fault(
            .notFound, "there is no runner \"\(name)\": none are used here, or not yet",
            hint: "RUNNER_MODE says how agents run")
    }
}
