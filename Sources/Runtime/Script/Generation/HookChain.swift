import LuaBridge

/// The functions of one hook as one function: each gets those before it as `next`, the first the built-in answer.
@Loop
struct HookChain {
    /// One script's part.
    struct Link {
        let script: String
        let function: LuaFunction
    }

    let contract: HookContract
    /// In the order of their files' names.
    let links: [Link]
    /// All of them; for a hook that owes no decision there is none, because nothing chains.
    let function: LuaFunction?

    /// `next()` without facts goes on with those that the hook was given; whoever answers last hears whether anybody has
    /// changed them. The outermost decision is checked when it has arrived.
    private static let linking = """
        local hook, inner, check, facts = ...
        check = check or function(...) return ... end

        if facts == 2 then
          return function(one, two, changed)
            return check(hook(one, two, function(first, second)
              local other = first ~= nil and first ~= one or second ~= nil and second ~= two
              return inner(first == nil and one or first, second == nil and two or second, changed or other)
            end))
          end
        end

        return function(one, changed)
          return check(hook(one, function(first)
            return inner(first == nil and one or first, changed or first ~= nil and first ~= one)
          end))
        end
        """

    init(_ contract: HookContract, _ links: [Link], in state: LuaState) throws {
        self.contract = contract
        self.links = links
        guard contract.decision != nil else {
            function = nil
            return
        }
        let maker = try state.load(HookChain.linking, script: "hooks")
        var inner = LuaValue.host(HookChain.builtIn(contract))
        for (place, link) in links.enumerated() {
            let check = place < links.count - 1 ? LuaValue.host(HookChain.check(contract, link)) : .nil
            let made = try state.callNow(
                maker, .function(link.function), inner, check, .integer(Int64(contract.facts.count)))
            inner = made[0]
        }
        function = inner.function
    }

    private static func builtIn(_ contract: HookContract) -> LuaHostFunction {
        LuaHostFunction("next", keepsTables: true) { call in
            let given = contract.facts.map { _ in call.arguments.value() }
            // What nobody has changed is as it was made here, and need not cross again to be looked at.
            let isChanged = call.arguments.value().bool ?? false
            let facts = isChanged || contract.fallbackReadsFacts ? try given.map { try HookChain.whole($0) } : []
            for (field, value) in zip(contract.facts, facts) where isChanged {
                do {
                    try field.shape.check(value)
                } catch let fault as ShapeFault {
                    throw ScriptMistake(fault.text(of: "\(contract.name): the \(field.name) given to next"))
                }
            }
            call.returns(contract.fallback(facts) ?? .nil)
        }
    }

    /// What a script gives to another one is checked in between, so that the complaint names the right one.
    private static func check(_ contract: HookContract, _ link: Link) -> LuaHostFunction {
        LuaHostFunction("decision", keepsTables: true) { call in
            let decision = call.arguments.value()
            let error = call.arguments.value()
            if case .nil = decision, error != .nil {
                call.returns(.nil, error)
                return
            }
            try HookChain.check(HookChain.whole(decision), of: link, contract)
            call.returns(decision)
        }
    }

    private static func check(_ decision: LuaValue, of link: Link, _ contract: HookContract) throws {
        do {
            try contract.check(decision)
        } catch let fault as ShapeFault {
            let place = link.function.place.map { ":\($0.line)" } ?? ""
            throw Fault(.script, fault.text(of: "\(link.script)\(place): the decision of \(contract.name)"))
        }
    }

    /// The outermost script's decision out of what the call gave back; nil where it is left to the host.
    func decision(in results: [LuaValue]) throws -> LuaValue? {
        let decision = results.first ?? .nil
        if case .nil = decision, results.count > 1, results[1] != .nil {
            if let fault = HostError.fault(results[1]) { throw fault }
            return nil
        }
        if let link = links.last { try HookChain.check(decision, of: link, contract) }
        return decision == .nil ? nil : decision
    }

    private static func whole(_ value: LuaValue) throws -> LuaValue {
        if case .reference(let reference) = value, let table = reference as? LuaTable {
            try table.value()
        } else {
            value
        }
    }
}
