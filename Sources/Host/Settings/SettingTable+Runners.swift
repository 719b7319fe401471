import Runtime

// Settings of runners of our own, whatever they are made of.

extension SettingTable {
    static let runnerMost = Setting(
        name: "RUNNER_MAX", fallback: "20", accepts: .count(1...10_000),
        purpose: "Runners that may be up at once. Idle ones make room for others, the longest unused first.")
    static let runnerMostOfOne = Setting(
        name: "RUNNER_MAX_PER_USER", fallback: "2", accepts: .count(1...1000),
        purpose: "The same for one user, who has one for each set of provider keys.")
    static let runnerStarts = Setting(
        name: "RUNNER_STARTS", fallback: "4", accepts: .count(1...1000),
        purpose: "Runners that are started at the same time; more wait their turn.")
    static let runnerWait = Setting(
        name: "RUNNER_WAIT", fallback: "5m", accepts: .duration,
        purpose: "How long a turn waits for a free runner before it fails.")
    static let runnerStartTimeout = Setting(
        name: "RUNNER_START_TIMEOUT", fallback: "60s", accepts: .duration,
        purpose: "How long a runner may take until it answers.")
    static let runnerIdleTimeout = Setting(
        name: "RUNNER_IDLE_TIMEOUT", fallback: "30m", accepts: .duration,
        purpose: "How long a runner stays up without work.")
    static let runnerAge = Setting(
        name: "RUNNER_MAX_AGE", fallback: "24h", accepts: .duration,
        purpose: "A runner that is older is started anew when nobody is on it.")
    static let runnerMemoryShare = Setting(
        name: "RUNNER_RECYCLE_AT", fallback: "0.8", accepts: .share,
        purpose: "The same for a runner that uses more than this share of its memory; 1 turns it off.")
    static let runnerMemory = Setting(
        name: "RUNNER_MEMORY", fallback: "2GB", accepts: .size,
        purpose: "What one runner may use of memory.")
    static let runnerProcessors = Setting(
        name: "RUNNER_CPUS", fallback: "2", accepts: .processors,
        purpose: "How many processors one runner may use; half of one is 0.5.")
    static let runnerProcesses = Setting(
        name: "RUNNER_PROCESSES", fallback: "512", accepts: .count(16...1_000_000),
        purpose: "How many processes and threads one runner may have.")
    static let runnerMounts = Setting(
        name: "RUNNER_ALLOWED_MOUNTS", fallback: "",
        accepts: .list("absolute paths and names of volumes", { $0.isEmpty || $0 == "/" ? nil : $0 }),
        purpose: "What the hook `runner` may mount besides the workspace: directories with all below them, and volumes."
    )

    static let runners: [any AnySetting] = [
        runnerMost, runnerMostOfOne, runnerStarts, runnerWait, runnerStartTimeout, runnerIdleTimeout, runnerAge,
        runnerMemoryShare, runnerMemory, runnerProcessors, runnerProcesses, runnerMounts,
    ]
}

extension Accepted where Value == Double {
    static let processors = Accepted(description: "a number from 0.05 to 1024") { text in
        Double(text).flatMap { (0.05...1024).contains($0) ? $0 : nil }
    }
}

extension Settings {
    var runnerDefaults: RunnerDefaults {
        var defaults = RunnerDefaults()
        defaults.limits = RunnerLimits(
            memory: self[SettingTable.runnerMemory], cpus: self[SettingTable.runnerProcessors],
            processes: self[SettingTable.runnerProcesses])
        defaults.startTimeout = self[SettingTable.runnerStartTimeout]
        defaults.idleTimeout = self[SettingTable.runnerIdleTimeout]
        return defaults
    }

    var runnerLimits: OwnRunners.Limits {
        var limits = OwnRunners.Limits()
        limits.room = RunnerRoom(
            most: self[SettingTable.runnerMost], mostOfOne: self[SettingTable.runnerMostOfOne])
        limits.starts = self[SettingTable.runnerStarts]
        limits.age = self[SettingTable.runnerAge]
        limits.memoryShare = self[SettingTable.runnerMemoryShare]
        limits.patience.place = self[SettingTable.runnerWait]
        return limits
    }
}
