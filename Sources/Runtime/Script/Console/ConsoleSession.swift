public import LuaBridge

/// A person's conversation with a Lua state of their own: expressions are shown, variables last from line to line.
@Loop
public final class ConsoleSession {
    private let state: LuaState
    private let table: HostTable
    private let limits: ScriptLimits.Call
    private let generation: Int
    private let variables: LuaTable
    private let run: LuaFunction
    let members: LuaFunction
    private var onOutput: ((String) -> Void)?

    /// In a state that nobody else uses, such as `Generation.fresh` gives; closing the session closes it.
    public init(_ state: LuaState, _ table: HostTable, limits: ScriptLimits, generation: Int = 0) throws {
        self.state = state
        self.table = table
        self.limits = limits[.console]
        self.generation = generation
        var receive: ((String) -> Void)?
        let emit = LuaHostFunction("print") { call in
            let text = try call.string("text")
            Loop.assumeIsolated { receive?(text) }
        }
        let describe = LuaHostFunction("describe") { call in
            call.returns(.string(ConsoleSession.describe(call.value())))
        }
        let prelude = try state.load(ConsolePrelude.text, script: ConsolePrelude.script)
        let parts = try state.callNow(
            prelude, LuaCallOptions(keepsTables: true),
            arguments: { parcel in
                parcel.put(emit)
                parcel.put(describe)
            },
            results: { $0.table() })
        guard let parts, let variables = try parts.table("session"), let run = try parts.get("run").function,
            let members = try parts.get("members").function
        else { throw Fault(.internal, "the console could not be set up") }
        self.variables = variables
        self.run = run
        self.members = members
        receive = { [weak self] in self?.onOutput?($0) }
    }

    public func close() { state.close() }

    /// Runs what was typed. `onOutput` gets each line that it prints. One evaluation at a time; a cancelled task ends it.
    public func evaluate(
        _ code: String, onOutput: @escaping (String) -> Void = { _ in }
    ) async -> ConsoleAnswer {
        let chunk: LuaFunction
        switch compile(code) {
        case .success(let function): chunk = function
        case .failure(let answer): return answer
        }
        self.onOutput = onOutput
        defer { self.onOutput = nil }
        let call = ScriptCall(generation: generation, script: "console", kind: .console, function: "evaluate")
        do {
            let values = try await ScriptCall.$current.withValue(call) {
                try await Deadline.within(limits.wall) {
                    try await state.call(
                        run, LuaCallOptions(runningTime: limits.computing),
                        arguments: { $0.put(chunk as LuaReference) },
                        results: { $0.value() })
                }
            }
            return .values(ConsoleSession.texts(values))
        } catch {
            return .failed(explained(error))
        }
    }

    private enum Compiled {
        case success(LuaFunction)
        case failure(ConsoleAnswer)
    }

    /// As an expression if it is one, else as statements; a text that only ends too early is incomplete.
    private func compile(_ code: String) -> Compiled {
        do {
            return .success(try state.load("return " + code, script: "console", environment: variables))
        } catch {
            let expression = error as? LuaError
            do {
                let statements = SessionLocals.rewriting(code)
                return .success(try state.load(statements, script: "console", environment: variables))
            } catch {
                let isIncomplete = [expression, error as? LuaError].contains { $0?.endsTooEarly == true }
                return .failure(isIncomplete ? .incomplete : .failed(explained(error)))
            }
        }
    }

    private func explained(_ error: any Error) -> ConsoleFailure {
        guard let error = error as? LuaError else { return ConsoleFailure(message: Fault(error).description) }
        switch error.kind {
        case .cancelled: return ConsoleFailure(message: "ended")
        case .time:
            return ConsoleFailure(
                message: "\(error.message) (a console line may compute for \(Units.describe(limits.computing)))")
        default:
            return ConsoleFailure(message: error.message, traceback: ConsoleSession.ownFrames(error.traceback))
        }
    }

    /// Without the frames that every evaluation has.
    nonisolated private static func ownFrames(_ traceback: String) -> String {
        var lines = traceback.split(separator: "\n").map { String($0) }
        lines.removeAll { $0.contains(ConsolePrelude.script) }
        while let last = lines.last, last.hasSuffix("[C]: in ?") { lines.removeLast() }
        // A heading alone tells nothing.
        return lines.count > 1 ? lines.joined(separator: "\n") : ""
    }

    nonisolated private static func texts(_ value: LuaValue) -> [String] {
        if case .array(let values) = value { values.map { $0.string ?? "" } } else { [] }
    }

    nonisolated private static func describe(_ value: LuaValue) -> String {
        switch value {
        case .function(let function): function.place.map { "\($0.script):\($0.line)" } ?? "of the host"
        case .null: "null"
        case .object(let object): "<\(object.type.name)>"
        default: "<\(value.typeName)>"
        }
    }

    /// What can follow; see `ConsoleCompletion`.
    public func complete(_ text: String) -> [ConsoleCandidate] {
        do {
            return try ConsoleCompletion(text).candidates(table) { path in
                try state.callNow(
                    members, LuaCallOptions(runningTime: .milliseconds(50)),
                    arguments: { $0.put(.array(path.map { .string($0) })) }, results: { $0.values() })
            }
        } catch {
            // A path that leads nowhere, or through something that fails, has no members.
            return []
        }
    }
}

/// What became of a line.
public enum ConsoleAnswer: Sendable, Equatable {
    /// As text, laid out for a terminal.
    case values([String])
    case failed(ConsoleFailure)
    /// More lines are needed.
    case incomplete
}

public struct ConsoleFailure: Sendable, Equatable {
    public let message: String
    /// Empty when it says nothing that the message does not.
    public let traceback: String

    public init(message: String, traceback: String = "") {
        self.message = message
        self.traceback = traceback
    }
}

extension LuaError {
    fileprivate var endsTooEarly: Bool {
        kind == .syntax && (message.hasSuffix("near <eof>") || message.hasSuffix("near '<eof>'"))
    }
}
