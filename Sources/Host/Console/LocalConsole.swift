import Runtime

/// A console whose lines this process runs: the scripts of the settings' directories, without a server's database.
@Loop
final class LocalConsole: ConsoleTarget {
    private let house: ScriptHouse
    private var session: ConsoleSession
    private var running: Task<Void, Never>?

    /// Loads the scripts; what does not load is told, and the others serve.
    static func open(_ settings: Settings) async throws -> LocalConsole {
        let house = try ScriptHouse(settings)
        await house.scripts.start()
        return try LocalConsole(house)
    }

    init(_ house: ScriptHouse) throws {
        self.house = house
        session = try LocalConsole.session(of: house.scripts)
    }

    private static func session(of scripts: Scripts) throws -> ConsoleSession {
        let live = scripts.live
        return try ConsoleSession(live.fresh(), live.table, limits: live.limits, generation: live.number)
    }

    var title: String {
        let files = ScriptsReport.count(house.scripts.live.files.count)
        return "perigee \(Version.current), in this process, without a database; \(files)\(complaint)"
    }

    private var complaint: String {
        guard let failure = house.scripts.failure else { return "" }
        return ", because the newest do not load:\n" + LocalConsole.lines(failure)
    }

    func evaluate(_ code: String, onOutput: @escaping (String) -> Void) async throws -> ConsoleAnswer {
        let outcome = Waiter<ConsoleAnswer>("an evaluation")
        running = house.scope.spawn("console evaluation") { [session] in
            outcome.finish(.success(await session.evaluate(code, onOutput: onOutput)))
        }
        defer { running = nil }
        return try await outcome.value()
    }

    func interrupt() { running?.cancel() }

    func complete(_ text: String) async -> [ConsoleCandidate] { session.complete(text) }

    func scripts() async throws -> String {
        let rows = house.scripts.live.files.map { file in
            ScriptsReport.row(
                name: file.name, size: file.text.count, isOwn: file.origin == ScriptFile.Origin.owner,
                replaces: file.replacesShipped)
        }
        return ScriptsReport.table(rows)
    }

    func reload() async throws -> String {
        switch await house.scripts.reload("console") {
        case .failure(let failure):
            throw Fault(.script, "the scripts do not load\n" + LocalConsole.lines(failure))
        case .success(let live):
            session.close()
            session = try LocalConsole.session(of: house.scripts)
            return "\(ScriptsReport.count(live.files.count)). A new session: its variables are gone.\n"
        }
    }

    func close() async {
        running?.cancel()
        session.close()
        await house.close()
    }

    private static func lines(_ failure: ScriptFailure) -> String {
        failure.problems.map { "  \($0)" + ($0.hint.map { "\n    \($0)" } ?? "") }.joined(separator: "\n")
    }
}
