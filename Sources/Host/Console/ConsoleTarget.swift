import Runtime

/// Where a console's lines are run: on the server, or in this process.
@Loop
protocol ConsoleTarget: AnyObject {
    /// One line for the banner.
    var title: String { get }
    func evaluate(_ code: String, onOutput: @escaping (String) -> Void) async throws -> ConsoleAnswer
    /// Ends the evaluation that is under way, if there is one.
    func interrupt()
    func complete(_ text: String) async -> [ConsoleCandidate]
    /// The files of the generation, as lines.
    func scripts() async throws -> String
    /// Loads what lies on the disk now, and begins anew with it. Returns what became of it.
    func reload() async throws -> String
    func close() async
}
