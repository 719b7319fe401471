public import LuaBridge

extension Generation {
    /// Asks a hook: all scripts that have it, from the last by name to the built-in answer. Nil means that the hook
    /// leaves it to the host.
    public func decide(_ hook: String, _ facts: LuaValue...) async throws -> LuaValue? {
        try await decide(hook, facts) { facts, parcel in
            parcel.makeNextReadOnly()
            parcel.put(facts)
        } otherwise: {
            facts
        }
    }

    /// The same with facts in any form: `put` writes one of them, `otherwise` gives all to the built-in answer.
    func decide<Facts>(
        _ hook: String, _ facts: [Facts], put: (Facts, inout Parcel) -> Void, otherwise: () -> [LuaValue]
    ) async throws -> LuaValue? {
        guard let contract = Contract.hook(named: hook) else { preconditionFailure("there is no hook \(hook)") }
        assert(contract.facts.count == facts.count, "\(hook) takes \(contract.facts.count) tables of facts")
        guard let chain = contents.chains[hook], let function = chain.function, let last = chain.links.last else {
            return contract.fallback(otherwise())
        }
        let results = try await call(function, of: last.script, as: .hook, name: hook) { parcel in
            for value in facts { put(value, &parcel) }
        }
        return try chain.decision(in: results)
    }

    /// Tells every script that has the hook, one after the other; the failure of one keeps none of the others from it.
    public func tell(_ hook: String, _ facts: LuaValue) async -> [Fault] {
        var faults: [Fault] = []
        for link in contents.chains[hook]?.links ?? [] {
            do {
                let results = try await call(link.function, of: link.script, as: .hook, name: hook) { parcel in
                    parcel.makeNextReadOnly()
                    parcel.put(facts)
                }
                if case .nil? = results.first, results.count > 1, let fault = HostError.fault(results[1]) {
                    faults.append(fault)
                }
            } catch {
                faults.append(Fault(error))
            }
        }
        return faults
    }

    /// Calls one function of a script within the limits of its kind. Tables in the results are values, functions stay.
    public func call(
        _ function: LuaFunction, of script: String, as kind: ScriptLimits.Kind, name: String = "",
        within limit: Duration? = nil, arguments: (inout Parcel) throws -> Void = { _ in }
    ) async throws -> [LuaValue] {
        retain()
        defer { release() }
        return try await Generation.run(
            state, limits[kind], ScriptCall(generation: number, script: script, kind: kind, function: name),
            within: limit, function, arguments: arguments)
    }

    static func run(
        _ state: LuaState, _ limits: ScriptLimits.Call, _ call: ScriptCall, within wall: Duration? = nil,
        _ function: LuaFunction, keepsTables: Bool = false, arguments: (inout Parcel) throws -> Void = { _ in }
    ) async throws -> [LuaValue] {
        var options = LuaCallOptions(runningTime: limits.computing, keepsTables: keepsTables)
        options.resultSize = limits.result
        let span = wall ?? limits.wall
        do {
            return try await ScriptCall.$current.withValue(call) {
                try await Deadline.within(span) {
                    try await state.call(function, options, arguments: arguments) { $0.values() }
                }
            }
        } catch let error as LuaError {
            throw error.fault(in: call, limits)
        }
    }
}

extension LuaError {
    /// As the rest of the house sees it: the kind that the script raised, if it raised an error table, else `script`.
    func fault(in call: ScriptCall, _ limits: ScriptLimits.Call) -> Fault {
        if kind == .cancelled { return .cancelled }
        let raised = HostError.fault { name in
            switch details[name] {
            case .string(let text): .string(text)
            case .bool(let value): .bool(value)
            default: nil
            }
        }
        if let raised { return raised }
        let named = message.contains(call.script) || script != nil ? message : "\(call.script): \(message)"
        let hint: String? =
            switch kind {
            case .time:
                "a \(call.kind.rawValue) may compute for \(Units.describe(limits.computing)) and take "
                    + "\(Units.describe(limits.wall)) in all: do less at once, or raise "
                    + "PERIGEE_LIMIT_\(call.kind.rawValue.uppercased())"
            case .memory: "see PERIGEE_SCRIPT_MEMORY"
            case .tooLarge:
                "a \(call.kind.rawValue) may give back \(Units.describe(bytes: limits.result)), "
                    + "see PERIGEE_LIMIT_\(call.kind.rawValue.uppercased())"
            default: nil
            }
        return Fault(.script, named, hint: hint)
    }
}
