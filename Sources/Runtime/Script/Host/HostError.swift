import LuaBridge

/// A fault as scripts see it: a table that prints well.
@Loop
enum HostError {
    /// `tostring(err)` and a failing `assert` read like the log does.
    static let metatable = """
        return {
          __name = "error",
          __tostring = function(err)
            if err.hint then return err.message .. " (" .. err.hint .. ")" end
            return err.message
          end,
        }
        """

    static func value(_ fault: Fault) -> LuaValue {
        var fields: [LuaKey: LuaValue] = [
            "kind": .string(fault.kind.rawValue), "message": .string(fault.message),
            "retryable": .bool(fault.isRetryable), "status": .integer(Int64(fault.kind.status)),
        ]
        if let hint = fault.hint { fields["hint"] = .string(hint) }
        return .table(fields)
    }
}
