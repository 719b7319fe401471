import Glibc
import Runtime

/// The settings in force: text that has been checked, read on demand by the typed entries of the table.
struct Settings: Sendable {
    let source: SettingSource

    /// Throws one fault with a line for each problem, so that an owner mends them all at once.
    init(_ source: SettingSource) throws {
        let families = SettingTable.families
        let problems =
            source.problems(with: SettingTable.all + source.settings(of: families)) + source.strangers(to: families)
        guard problems.isEmpty else {
            throw Fault(.invalidInput, problems.joined(separator: "\n"))
        }
        self.source = source
    }

    /// All there are: the table's, and those of families that somebody has set.
    var all: [any AnySetting] { SettingTable.all + source.settings(of: SettingTable.families) }

    subscript<Value>(_ setting: Setting<Value>) -> Value {
        let text = source.text(of: setting).text
        guard let value = setting.accepts.read(text) else {
            preconditionFailure(
                "\(setting.name) was not checked at the start, or its default is not acceptable to itself")
        }
        return value
    }

    /// `STATE_DIR` with `~` resolved.
    var stateDirectory: String { Settings.expandingHome(self[SettingTable.stateDirectory]) }

    static func expandingHome(_ path: String) -> String {
        path.hasPrefix("~/") ? homeDirectory + path.dropFirst(1) : path
    }

    private static var homeDirectory: String {
        if let home = getenv("HOME"), home.pointee != 0 { return String(cString: home) }
        return "/root"
    }
}

extension Settings {
    /// The process's own: `NAME=value` words of the command line, the environment, and the `.env` file of the working
    /// directory (another with `PERIGEE_ENV_FILE`).
    static func ofProcess(commandLine: [String: String]) throws -> Settings {
        var environment = processEnvironment()
        let file = environment.removeValue(forKey: "PERIGEE_ENV_FILE")
        let path = file ?? ".env"
        let fileValues = try EnvFile.read(path)
        if let file, fileValues.isEmpty, access(file, R_OK) != 0 {
            throw Fault(.notFound, "PERIGEE_ENV_FILE: there is no \(file)")
        }
        let source = SettingSource(layers: [
            .init(origin: .commandLine, values: commandLine),
            .init(origin: .environment, values: environment),
            .init(origin: .file(path), values: fileValues),
        ])
        let profile = source.text(of: SettingTable.profile).text
        guard let defaults = Profile.all[profile] else { return try Settings(source) }
        return try Settings(
            SettingSource(layers: source.layers + [.init(origin: .profile(profile), values: defaults)]))
    }

    private static func processEnvironment() -> [String: String] {
        var values: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let pair = String(cString: text)
            if let mark = pair.firstIndex(of: "=") {
                values[String(pair[..<mark])] = String(pair[pair.index(after: mark)...])
            }
            entry += 1
        }
        return values
    }
}
