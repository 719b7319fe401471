public import LuaBridge

/// A fault as scripts see it: a table that prints well.
enum HostError {
    /// `tostring(err)` and a failing `assert` read like the log does.
    static let metatable = """
        return {
          __name = "error",
          __tostring = function(err)
            if err.hint then return tostring(err.message) .. " (" .. tostring(err.hint) .. ")" end
            return tostring(err.message)
          end,
        }
        """

    /// As the results `nil, err`.
    static func put(_ fault: Fault, into results: inout Parcel) {
        results.putNil()
        results.makeNextError()
        results.put(value(fault))
    }

    static func value(_ fault: Fault) -> LuaValue {
        var fields: [LuaKey: LuaValue] = [
            "kind": .string(fault.kind.rawValue), "message": .string(fault.message),
            "retryable": .bool(fault.isRetryable), "status": .integer(Int64(fault.kind.status)),
        ]
        if let hint = fault.hint { fields["hint"] = .string(hint) }
        return .table(fields)
    }

    /// What scripts catch: mistakes as text, to which Lua adds the place, everything else as an error table.
    static func value(ofRaised error: any Error) -> LuaValue {
        switch error {
        case let mistake as ScriptMistake: .string(mistake.description)
        case let error as LuaError: .string(error.message)
        default: value(Fault(error))
        }
    }

    /// Back from a script: the second of `nil, err`, or what it raised.
    static func fault(_ value: LuaValue) -> Fault? {
        switch value {
        case .string(let message): Fault(.script, message)
        case .table(let fields):
            fault { name in fields[.string(name)] }
        default: nil
        }
    }

    static func fault(_ field: (String) -> LuaValue?) -> Fault? {
        guard let message = field("message")?.string else { return nil }
        let kind = field("kind")?.string.flatMap(Fault.Kind.init) ?? .script
        return Fault(kind, message, hint: field("hint")?.string, isRetryable: field("retryable")?.bool)
    }
}

extension LuaCall {
    /// The results are `nil, err`.
    public mutating func fails(_ fault: Fault) {
        results.removeAll()
        HostError.put(fault, into: &results)
    }
}

extension Fault {
    /// What a script gave as the second of `nil, err`; nil when it is no error.
    public init?(script value: LuaValue) {
        guard let fault = HostError.fault(value) else { return nil }
        self = fault
    }
}
