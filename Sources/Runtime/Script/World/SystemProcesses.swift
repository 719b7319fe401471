/// The programs and processes of this machine.
@Loop
public final class SystemProcesses: WorldProcesses {
    public init() {}

    public func run(_ request: WorldCommand) async throws -> WorldCommandResult {
        let options = Subprocess.Options(
            environment: .inherit(Subprocess.Environment.usual, adding: request.environment),
            directory: request.directory, input: request.input.isEmpty ? .none : .bytes(request.input),
            output: .collect(request.outputLimit, .fail))
        let result = try await Subprocess.run(request.argv, options)
        return switch result.end {
        case .exited(let code): WorldCommandResult(code: Int(code), output: result.output, errors: result.errors)
        case .signalled(let signal):
            WorldCommandResult(code: nil, signal: Int(signal), output: result.output, errors: result.errors)
        }
    }

    public func list() async throws -> [ProcessEntry] { Array(try await ProcessTable.snapshot().entries.values) }

    public func terminate(_ identity: ProcessIdentity, grace: Duration) async throws -> Bool {
        let table = try await ProcessTable.snapshot()
        guard let present = table.entries[identity.pid], !present.hasEnded else { return false }
        guard present.identity == identity else {
            throw Fault(
                .conflict, "process \(identity.pid) is another one now", hint: "list the processes again")
        }
        do {
            try await ProcessTable.terminate(identity, .group, grace: grace)
            return true
        } catch let fault as Fault where fault.kind == .notFound {
            return false
        }
    }
}
