/// Programs and processes as a spec makes them up: results that wait for their commands, and a note of what was done.
@Loop
public final class FakeProcesses: WorldProcesses {
    /// What becomes of a command.
    public enum Outcome: Sendable {
        case ends(WorldCommandResult)
        case fails(Fault)
        /// It runs until the caller gives up.
        case hangs
    }

    private struct Rule {
        let prefix: [String]
        var outcomes: [Outcome]
    }

    /// What `list` gives.
    public var entries: [ProcessEntry] = []
    /// All commands, answered or not.
    public private(set) var commands: [WorldCommand] = []
    /// Those that nobody had an outcome for: a spec that leaves any has failed.
    public private(set) var unanswered: [[String]] = []
    public private(set) var terminated: [ProcessIdentity] = []
    private var rules: [Rule] = []

    public init() {}

    /// Outcomes for commands that begin with these arguments, one for each, in order.
    public func reply(_ prefix: [String], _ outcomes: [Outcome]) {
        rules.append(Rule(prefix: prefix, outcomes: outcomes))
    }

    public func run(_ request: WorldCommand) async throws -> WorldCommandResult {
        commands.append(request)
        // Like the real world it lets others go first, and does nothing for a caller that has gone.
        await Loop.yield()
        if Task.isCancelled { throw Fault.cancelled }
        guard let place = rules.firstIndex(where: { !$0.outcomes.isEmpty && request.argv.starts(with: $0.prefix) })
        else {
            unanswered.append(request.argv)
            let words = request.argv.map { "\"\($0)\"" }.joined(separator: ", ")
            throw Fault(
                .internal, "nobody runs \(request.argv.joined(separator: " ")) in this spec",
                hint: "say what becomes of it first: process.reply({ \(words) }, { code = 0, stdout = \"\" })")
        }
        switch rules[place].outcomes.removeFirst() {
        case .ends(let result): return result
        case .fails(let fault): throw fault
        case .hangs: return try await Waiter<WorldCommandResult>(request.argv.first ?? "the program").value()
        }
    }

    public func list() async throws -> [ProcessEntry] {
        await Loop.yield()
        return entries
    }

    /// The rules of the real one, over `entries`, which then lack the process.
    public func terminate(_ identity: ProcessIdentity, grace: Duration) async throws -> Bool {
        await Loop.yield()
        guard let present = entries.firstIndex(where: { $0.pid == identity.pid }) else { return false }
        guard entries[present].identity == identity else {
            throw Fault(.conflict, "process \(identity.pid) is another one now", hint: "list the processes again")
        }
        terminated.append(identity)
        entries.remove(at: present)
        return true
    }
}
