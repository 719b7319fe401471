/// Why a script failed, with the place in it.
public struct LuaError: Error, Sendable, Equatable {
    public enum Kind: String, Sendable, CaseIterable {
        case runtime, syntax, memory, time, tooLarge, cancelled, cannotWait
    }

    public enum Detail: Sendable, Equatable {
        case string(String), integer(Int64), number(Double), bool(Bool)
    }

    public let kind: Kind
    public let message: String
    /// The script and line where it happened, as far as they are known.
    public let script: String?
    public let line: Int?
    public let traceback: String
    /// The plain fields of an error that was raised as a table.
    public let details: [String: Detail]

    public init(
        _ kind: Kind, _ message: String, script: String? = nil, line: Int? = nil, traceback: String = "",
        details: [String: Detail] = [:]
    ) {
        self.kind = kind
        self.message = message
        self.script = script
        self.line = line
        self.traceback = traceback
        self.details = details
    }

    public static let cancelled = LuaError(.cancelled, "the caller no longer waits for this")
    public static let closed = LuaError(.cancelled, "the scripts of this generation have been closed")
}

/// Thrown by a waiting host function to end the whole call: unlike other errors, the script cannot catch it.
public struct LuaCallEnd: Error {
    public let message: String

    public init(_ message: String) { self.message = message }
}

extension LuaError: CustomStringConvertible {
    public var description: String { message }
}

extension LuaError.Detail {
    init?(_ value: LuaValue) {
        switch value {
        case .string(let text): self = .string(text)
        case .integer(let value): self = .integer(value)
        case .number(let value): self = .number(value)
        case .bool(let value): self = .bool(value)
        default: return nil
        }
    }

    var value: LuaValue {
        switch self {
        case .string(let text): .string(text)
        case .integer(let value): .integer(value)
        case .number(let value): .number(value)
        case .bool(let value): .bool(value)
        }
    }
}
