import Runtime

/// One word after `perigee`, what it does, and how.
struct Command: Sendable {
    let name: String
    /// One line in the list of commands.
    let summary: String
    let usage: String
    /// What `perigee help NAME` adds below the usage.
    let details: String
    /// Whether its first word is text of any form, such as Lua, and no setting.
    var takesText = false
    /// Options that are followed by a word of their own.
    var valued: [String] = []
    /// Returns the exit code.
    let run: @Sendable (Arguments) throws -> Int32

    static let all: [Command] = [
        .serve, .status, .reload, .check, .test, .types, .eval, .console, .jobs, .runJob, .gc, .key,
        .workspaces, .usage, .runners, .config, .doctor, .version, .help,
    ]

    /// The whole program: choose the command, run it, put a failure into words.
    static func main(_ words: [String]) -> Int32 {
        do {
            let first = words.first ?? "help"
            guard let command = named(first) else { throw unknown(first) }
            let arguments = try Arguments(
                Array(words.dropFirst()), firstIsText: command.takesText, valued: command.valued)
            if arguments.wantsHelp {
                Terminal.print(command.helpText)
                return 0
            }
            return try command.run(arguments)
        } catch {
            let fault = Fault(error)
            Terminal.complain(fault)
            return fault.kind.exitCode
        }
    }

    static func named(_ name: String) -> Command? {
        switch name {
        case "--help", "-h": .help
        case "--version", "-V": .version
        case gitCredential.name: gitCredential
        default: all.first { $0.name == name }
        }
    }

    static func unknown(_ name: String) -> Fault {
        let advice = NearestName.of(name, among: all.map(\.name)).map { "did you mean `perigee \($0)`?" }
        return Fault(.invalidInput, "there is no command \"\(name)\"", hint: advice ?? "`perigee help` lists them")
    }

    var helpText: String {
        details.isEmpty ? "usage: \(usage)\n\n\(summary)\n" : "usage: \(usage)\n\n\(summary)\n\n\(details)\n"
    }
}

/// The words after a command: `NAME=value` settings, `--options`, and the rest.
struct Arguments: Sendable {
    private(set) var settings: [String: String] = [:]
    private(set) var options: Set<String> = []
    private(set) var words: [String] = []
    private var values: [String: String] = [:]

    /// An option of `valued` takes the word after it, or what stands after `=` in it.
    init(_ words: [String], firstIsText: Bool = false, valued: [String] = []) throws {
        var rest = words[...]
        while let word = rest.popFirst() {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            if firstIsText, self.words.isEmpty, Arguments.isText(word) {
                self.words.append(word)
            } else if valued.contains(parts[0]) {
                guard let value = parts.count > 1 ? parts[1] : rest.popFirst() else {
                    throw Fault(.invalidInput, "\(word) needs a word after it")
                }
                options.insert(parts[0])
                values[parts[0]] = value
            } else if word.hasPrefix("-") {
                options.insert(word)
            } else if let mark = word.firstIndex(of: "="), mark != word.startIndex {
                settings[String(word[..<mark])] = String(word[word.index(after: mark)...])
            } else {
                self.words.append(word)
            }
        }
    }

    /// The word of an option that takes one.
    subscript(option: String) -> String? { values[option] }

    /// Everything but options, and settings that there are.
    private static func isText(_ word: String) -> Bool {
        if word.hasPrefix("--") || word == "-h" { return false }
        let name = word.prefix { $0 != "=" }
        let isSetting =
            SettingTable.all.contains { $0.name == name }
            || SettingTable.families.contains { $0.setting(named: String(name)) != nil }
        return name.count == word.count || !isSetting
    }

    /// `--profile NAME` is a setting like any other.
    var settingsWithProfile: [String: String] {
        guard let profile = self["--profile"] else { return settings }
        return settings.merging([SettingTable.profile.name: profile]) { $1 }
    }

    var wantsHelp: Bool { options.contains("--help") || options.contains("-h") }

    /// Refuses what the command does not take, so that a slip is not silently ignored.
    func expect(options known: [String] = [], words count: ClosedRange<Int> = 0...0) throws {
        for option in options.sorted() where !known.contains(option) {
            let advice = NearestName.of(option, among: known).map { "did you mean \($0)?" }
            throw Fault(.invalidInput, "unknown option \(option)", hint: advice)
        }
        if words.count > count.upperBound {
            let surplus = words[count.upperBound]
            throw Fault(
                .invalidInput, "unexpected \"\(surplus)\"", hint: "settings are written NAME=value, as in PORT=8080")
        }
        if words.count < count.lowerBound { throw Fault(.invalidInput, "something is missing; see --help") }
    }
}

extension Loop {
    /// Runs the loop until `body` has its result, or fails.
    static func result<Value: Sendable>(_ body: @escaping @Loop () async throws -> Value) throws -> Value {
        let result: Result<Value, any Error> = run {
            do {
                return .success(try await body())
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}
