import Runtime

/// What makes runners real, by mode: the one place that knows which there are.
@Loop
struct RunnerBackends {
    let settings: Settings
    let docker: DockerEngine

    /// Why runners of this mode cannot be made here; nil when they can.
    func obstacle(to mode: RunnerMode) async -> String? {
        do {
            switch mode {
            case .process: try await findProgram()
            case .container: try await findDocker()
            case .auto, .shared, .rehearsal: break
            }
            return nil
        } catch {
            return Fault(error).message
        }
    }

    /// `owner` is what its runners are marked with.
    func make(_ mode: RunnerMode, owner: String, workspaceRoot: String, log: Log) async throws -> any RunnerBackend {
        switch mode {
        case .process: return try await ProcessBackend.make(ProcessSettings(settings, owner: owner), log: log)
        case .container:
            return ContainerBackend(docker, ContainerSettings(settings, workspaceRoot: workspaceRoot), log: log)
        case .auto, .shared, .rehearsal:
            throw Fault(.invalidInput, "nothing is started in the mode \(mode.rawValue)")
        }
    }

    /// What the settings say of every runner of this mode.
    func defaults(_ mode: RunnerMode) -> RunnerDefaults {
        var defaults = settings.runnerDefaults
        switch mode {
        case .process: defaults.command = settings[SettingTable.runnerCommand]
        case .container: defaults.image = settings[SettingTable.runnerImage]
        case .auto, .shared, .rehearsal: break
        }
        return defaults
    }

    private func findProgram() async throws {
        let program = settings[SettingTable.runnerCommand][0]
        _ = try await BlockingPool.shared.run("looking for \(program)") {
            try Subprocess.place(of: program, along: nil)
        }
    }

    /// Who asks for containers gets the image pulled; nobody is surprised by a large download.
    private func findDocker() async throws {
        try await Deadline.within(.seconds(5)) {
            try await docker.ping()
            guard settings[SettingTable.runnerMode] == .auto else { return }
            _ = try await docker.image(settings[SettingTable.runnerImage])
        }
    }
}
