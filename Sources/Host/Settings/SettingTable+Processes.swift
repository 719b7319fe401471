import Runtime

/// Settings of runners that are processes of this machine.
extension SettingTable {
    static let runnerSandbox = Setting(
        name: "RUNNER_SANDBOX", fallback: "auto", accepts: .oneOf(SandboxChoice.self),
        purpose:
            "What keeps runners that are processes apart: `bubblewrap`, and no start without it; `none`, when whoever "
            + "may use an agent may see everything that Perigee's user sees; `auto`: bubblewrap where it works.")
    static let runnerCommand = Setting(
        name: "RUNNER_COMMAND", fallback: "opencode", accepts: .command,
        purpose:
            "The program that runners are, and arguments before `serve --hostname 127.0.0.1 --port …`. With `{port}` "
            + "in an argument it is taken as the whole command.")
    static let runnerReadable = Setting(
        name: "RUNNER_READABLE", fallback: "",
        accepts: .list("absolute paths", { $0.hasPrefix("/") && $0 != "/" ? $0 : nil }),
        purpose:
            "More files and directories that sandboxed runners may read, such as toolchains in `/opt`. All users' "
            + "runners see them.")

    static let processes: [any AnySetting] = [runnerSandbox, runnerCommand, runnerReadable]
}

/// Whether runners that are processes are put into a sandbox.
enum SandboxChoice: String, Sendable, CaseIterable {
    case auto, bubblewrap, none
}

extension Accepted where Value == [String] {
    static let command = Accepted(description: "a program and arguments, separated by blanks") { text in
        let words = text.split(separator: " ").map(String.init)
        return words.isEmpty ? nil : words
    }
}
