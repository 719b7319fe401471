import Runtime

/// Which way to an agent `perigee serve` would take here, and whether an agent is at its end.
@Loop
struct AgentCheckup {
    private let settings: Settings
    private let scope = Scope("doctor") { _, _ in }
    private let log = Log(format: .text, level: .error)

    init(_ settings: Settings) { self.settings = settings }

    func findings() async -> [Finding] {
        let wanted = settings[SettingTable.runnerMode]
        do {
            let choice = try await chosen()
            switch choice.mode {
            case .shared: return [said(choice), await sharedServer()]
            case .process: return [said(choice)] + (await Checkup.isolation())
            // An agent that is installed here later is a process.
            case .rehearsal where wanted == .auto: return [said(choice)] + (await Checkup.isolation())
            case .auto, .container, .rehearsal: return [said(choice)]
            }
        } catch {
            return [bad("agents", error)] + (wanted == .process ? await Checkup.isolation() : [])
        }
    }

    private func said(_ choice: RunnerMode.Choice) -> Finding {
        let isRehearsal = choice.mode == .rehearsal
        return Finding(
            subject: "agents", state: isRehearsal ? .worth : .good, text: "\(choice.mode.rawValue): \(choice.reason)",
            advice: isRehearsal
                ? "chats are rehearsed until an agent is there: docs/runners.md says which ways there are" : nil)
    }

    private func chosen() async throws -> RunnerMode.Choice {
        let docker = DockerEngine(try settings.docker(), mark: DockerMark(owner: "doctor"))
        let backends = RunnerBackends(settings: settings, docker: docker)
        do {
            let choice = try await RunnerMode.chosen(settings) { await backends.obstacle(to: $0) }
            await docker.close()
            return choice
        } catch {
            await docker.close()
            throw error
        }
    }

    /// Perigee starts without it and waits for it: what is wrong there stands in the way of chats alone.
    private func sharedServer() async -> Finding {
        let client = HTTPClient()
        var finding: Finding
        do {
            let runners = try SharedRunners(settings, client: client, log: log, scope: scope)
            let known = try await Deadline.within(.seconds(10)) { try await runners?.server.probe() }
            finding = Finding(
                subject: "opencode", state: .good,
                text: "\(known?.version ?? "?") answers at \(settings[SettingTable.opencodeAddress])")
            await runners?.close()
        } catch {
            finding = bad("opencode", error)
        }
        await client.close()
        return finding
    }

    private func bad(_ subject: String, _ error: any Error) -> Finding {
        let fault = Fault(error)
        return Finding(subject: subject, state: .bad, text: fault.message, advice: fault.hint)
    }
}
