import LuaBridge

// How a described function becomes one that Lua can call: check, run, and put what went wrong into Lua's terms.

extension HostFunction {
    /// `owner` is what stands before the name in errors: "host.http." or "Namespace:".
    func function(owner: String) -> LuaHostFunction {
        let name = owner + name
        switch body {
        case .raw(let function): return function
        case .plain(let body):
            return LuaHostFunction(name) { call in
                try Loop.assumeIsolated {
                    let checked = try prepare(&call, name, receiver: nil)
                    try answer(&call) { try body(checked) }
                }
            }
        case .waiting(let body):
            return LuaHostFunction(waiting: name) { @Loop call in
                let checked = try prepare(&call, name, receiver: nil)
                try await answer(&call) { try await body(checked) }
            }
        case .iterating(let body):
            return LuaHostFunction(waiting: name) { @Loop call in
                let checked = try prepare(&call, name, receiver: nil)
                try await answer(&call, closes: true) { try await body(checked) }
            }
        }
    }

    func install<Object: AnyObject>(in type: LuaClass<Object>) {
        let name = "\(type.name):\(name)"
        switch body {
        case .raw: preconditionFailure("\(name): a method cannot be raw")
        case .plain(let body):
            type.method(self.name) { object, call in
                try Loop.assumeIsolated {
                    let checked = try prepare(&call, name, receiver: object)
                    try answer(&call) { try body(checked) }
                }
            }
        case .waiting(let body):
            type.waitingMethod(self.name) { @Loop object, call in
                let checked = try prepare(&call, name, receiver: object)
                try await answer(&call) { try await body(checked) }
            }
        case .iterating(let body):
            type.waitingMethod(self.name) { @Loop object, call in
                let checked = try prepare(&call, name, receiver: object)
                try await answer(&call, closes: true) { try await body(checked) }
            }
        }
    }

    private func prepare(_ call: inout LuaCall, _ name: String, receiver: AnyObject?) throws -> HostCall {
        let arguments = call.arguments.values()
        for (index, parameter) in parameters.enumerated() {
            let value = index < arguments.count ? arguments[index] : .nil
            let place = "bad argument #\(index + 1) '\(parameter.name)' to '\(name)'"
            if case .nil = value {
                guard parameter.isRequired else { continue }
                throw ScriptMistake("\(place) (\(parameter.shape.words) expected, got nothing)")
            }
            do {
                try parameter.shape.check(value)
            } catch let fault as ShapeFault {
                // What is no matter of the type, such as a range, is told by the fault alone.
                let isType = fault.message == "must be \(parameter.shape.words), not \(value.inWords)"
                guard fault.field.isEmpty else { throw ScriptMistake(fault.text(of: place)) }
                throw ScriptMistake(
                    isType
                        ? "\(place) (\(parameter.shape.words) expected, got \(value.inWords))"
                        : fault.text(of: "\(place): it"))
            }
        }
        if arguments.count > parameters.count, arguments[parameters.count...].contains(where: { $0 != .nil }) {
            throw ScriptMistake(
                "'\(name)' takes \(parameters.count) arguments, \(arguments.count) were given")
        }
        return HostCall(call.state, receiver: receiver, parameters, arguments)
    }

    private func answer(_ call: inout LuaCall, _ body: () throws -> LuaValue) throws {
        do {
            call.returns(try body())
        } catch {
            try fail(&call, error)
        }
    }

    private func answer(
        _ call: inout LuaCall, closes: Bool = false, _ body: () async throws -> LuaValue
    ) async throws {
        do {
            let value = try await body()
            // The fourth value of a `for` is what it closes.
            if closes { call.returns(value, .nil, .nil, value) } else { call.returns(value) }
        } catch {
            try fail(&call, error)
        }
    }

    /// Cancellation and mistakes end the script's call; everything else is its to handle.
    private func fail(_ call: inout LuaCall, _ error: any Error) throws {
        // The whole call's time is over: a script that went on could only wait for nothing again.
        if let deadline = Deadline.current, deadline <= Instant.clock, Fault(error).kind == .timeout {
            throw LuaCallEnd(Fault(error).message)
        }
        if Task.isCancelled || error is ScriptMistake || error is LuaError { throw error }
        HostError.put(Fault(error), into: &call.results)
    }
}
