import Runtime

// Settings of tasks and sessions.

extension SettingTable {
    static let profile = Setting(
        name: "PERIGEE_PROFILE", fallback: "", accepts: .profile,
        purpose:
            "Defaults for one way to use Perigee; `perigee serve --profile sidecar` says the same. `sidecar` stands "
            + "beside one opencode and takes tasks for one project.")
    static let maxTasks = Setting(
        name: "MAX_CONCURRENT_TASKS", fallback: "5", accepts: .count(1...10_000),
        purpose: "Tasks and sessions that are carried out at once; more wait, and projects take turns.")
    static let maxQueuedTasks = Setting(
        name: "PERIGEE_MAX_QUEUED_TASKS", fallback: "10000", accepts: .count(1...1_000_000),
        purpose: "Tasks of one project that may wait; more are refused.")
    static let taskTimeout = Setting(
        name: "TASK_TIMEOUT", fallback: "3600", accepts: .seconds,
        purpose: "How long a task may take from the moment in which it is begun; a request may ask for less.")
    static let sessionTimeout = Setting(
        name: "SESSION_TIMEOUT", fallback: "3600", accepts: .seconds,
        purpose: "The same for sessions.")
    static let maxSessions = Setting(
        name: "MAX_CONCURRENT_SESSIONS", fallback: "", accepts: .optionalCount,
        purpose: "Sessions that may be unfinished at once; more are refused with 503. When empty, they wait.")
    static let maxPromptLength = Setting(
        name: "MAX_PROMPT_LENGTH", fallback: "50000", accepts: .count(1...1_000_000),
        purpose: "Characters that the prompt of a session may have.")
    static let workspaceDirectory = Setting(
        name: "WORKSPACE_DIR", fallback: "", accepts: .optionalPath,
        purpose: "Where tasks are carried out, under the same path for the agent; each user's own workspace when empty."
    )
    static let project = Setting(
        name: "PROJECT_ID", fallback: "", accepts: .projectID,
        purpose: "The one project whose tasks are taken here. When empty, requests name their projects.")
    static let sharedSecret = Setting(
        name: "OPENCODE_SHARED_SECRET", fallback: "", accepts: .sharedSecret,
        purpose: "Lets in who sends it as a bearer token, as the user `project:` and the id of PROJECT_ID.",
        isSecret: true)
    static let taskOrigins = Setting(
        name: "PERIGEE_TASK_ORIGINS", fallback: "",
        accepts: .list("origins such as https://app.example.com", Accepted<String>.origin),
        purpose: "Sites besides our own whose pages may open the WebSockets of tasks.")

    static let tasks: [any AnySetting] = [
        profile, maxTasks, maxQueuedTasks, taskTimeout, sessionTimeout, maxSessions, maxPromptLength,
        workspaceDirectory, project, sharedSecret, taskOrigins,
    ]
}

/// Sets of defaults, by name.
enum Profile {
    static let all: [String: [String: String]] = [
        "sidecar": [
            "PORT": "3003", "HOST": "0.0.0.0", "LOG_FORMAT": "json", "RUNNER_MODE": "shared",
            "OPENCODE_BASE_URL": "http://127.0.0.1:4096", "WORKSPACE_DIR": "/workspace",
        ]
    ]
}

extension Settings {
    var taskLimits: TaskLimits {
        var limits = TaskLimits()
        limits.taskSeconds = self[SettingTable.taskTimeout]
        limits.sessionSeconds = self[SettingTable.sessionTimeout]
        limits.promptLength = self[SettingTable.maxPromptLength]
        limits.sessions = self[SettingTable.maxSessions]
        let (project, directory) = (self[SettingTable.project], self[SettingTable.workspaceDirectory])
        limits.project = project.isEmpty ? nil : project
        limits.directory = directory.isEmpty ? nil : directory
        limits.gitServer = repos.server
        limits.origins = Set(self[SettingTable.taskOrigins])
        return limits
    }
}

extension Accepted where Value == Int {
    static let seconds = Accepted(description: "a number of seconds such as 3600, or a duration such as 1h") { text in
        guard let seconds = Int(text) ?? Units.duration(text).map({ Int($0.inSeconds) }) else { return nil }
        return (1...31_536_000).contains(seconds) ? seconds : nil
    }
}

extension Accepted where Value == Int? {
    static let optionalCount = Accepted(description: "a whole number from 1 to 10000, or empty") { text in
        if text.isEmpty { return .some(nil) }
        return Int(text).flatMap { (1...10_000).contains($0) ? .some($0) : nil }
    }
}

extension Accepted where Value == String {
    static let profile = Accepted(description: "sidecar, or empty") { text in
        text.isEmpty || Profile.all[text] != nil ? text : nil
    }
    static let projectID = Accepted(description: "letters, digits, and any of . _ : @ ~ -") { text in
        text.isEmpty || Fields.isWord(text) ? text : nil
    }
    static let sharedSecret = Accepted(description: "16 printable characters or more") { text in
        text.isEmpty || text.utf8.count >= 16 && text.utf8.allSatisfy { 33...126 ~= $0 } ? text : nil
    }
    /// Small letters, no path.
    static func origin(_ text: String) -> String? {
        let rest = ["http://", "https://"].first { text.hasPrefix($0) }.map { text.dropFirst($0.count) } ?? ""
        return rest.isEmpty || rest.contains("/") ? nil : text.lowercased()
    }
}
