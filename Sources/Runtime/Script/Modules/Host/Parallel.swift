import LuaBridge

/// Runs functions of a script at the same time, each in a child task: what one inherits, all inherit.
@Loop
struct Parallel {
    /// That many run at once; the others wait for their turn.
    static let limit = 64

    private let state: LuaState

    init(_ state: LuaState) { self.state = state }

    private struct Member {
        let key: LuaKey
        let function: LuaFunction
    }

    /// What a function gave: handles into Lua, which stay on the loop.
    private struct Outcome: @unchecked Sendable {
        let member: Int
        let result: LuaValue
        let error: LuaValue
    }

    /// `given` is a list or table of functions. Results and errors come under the same keys; no error at all is nil.
    func run(_ given: LuaValue) async throws -> (results: LuaValue, errors: LuaValue) {
        let members = Parallel.members(of: given)
        let outcomes = try await outcomes(of: members)
        var results: [LuaKey: LuaValue] = [:]
        var errors: [LuaKey: LuaValue] = [:]
        for outcome in outcomes {
            let key = members[outcome.member].key
            if outcome.result != .nil {
                results[key] = outcome.result
            } else if outcome.error != .nil {
                errors[key] = outcome.error
            }
        }
        return (Parallel.table(results), errors.isEmpty ? .nil : .table(errors))
    }

    /// The first error that is raised cancels the others, and is thrown when all have ended.
    private func outcomes(of members: [Member]) async throws -> [Outcome] {
        try await withThrowingTaskGroup(of: Outcome.self) { group in
            var outcomes: [Outcome] = []
            for (index, member) in members.enumerated() {
                if index >= Parallel.limit, let done = try await group.next() { outcomes.append(done) }
                let work: @Loop () async throws -> Outcome = { [state] in
                    let values = try await state.call(
                        member.function, LuaCallOptions(keepsTables: true), results: { $0.values() })
                    return Outcome(
                        member: index, result: values.first ?? .nil, error: values.count > 1 ? values[1] : .nil)
                }
                group.addTask(operation: work)
            }
            while let done = try await group.next() { outcomes.append(done) }
            return outcomes
        }
    }

    private static func members(of given: LuaValue) -> [Member] {
        switch given {
        case .array(let values):
            values.enumerated().compactMap { index, value in
                value.function.map { Member(key: .integer(Int64(index + 1)), function: $0) }
            }
        case .table(let fields):
            fields.inOrder.compactMap { key, value in value.function.map { Member(key: key, function: $0) } }
        default: []
        }
    }

    /// A full list crosses as one.
    private static func table(_ values: [LuaKey: LuaValue]) -> LuaValue {
        let list = (0..<values.count).compactMap { values[.integer(Int64($0 + 1))] }
        return !values.isEmpty && list.count == values.count ? .array(list) : .table(values)
    }
}
