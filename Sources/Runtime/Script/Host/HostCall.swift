public import LuaBridge

/// One call of a host function, its arguments checked against the function's parameters.
@Loop
public struct HostCall {
    public let state: LuaState
    /// The object of a method.
    public let receiver: AnyObject?
    private let parameters: [Field]
    private let arguments: [LuaValue]

    init(_ state: LuaState, receiver: AnyObject?, _ parameters: [Field], _ arguments: [LuaValue]) {
        self.state = state
        self.receiver = receiver
        self.parameters = parameters
        self.arguments = arguments
    }

    /// The argument by its parameter's name; `.nil` when it was left out.
    public subscript(name: String) -> LuaValue {
        guard let index = parameters.firstIndex(where: { $0.name == name }) else {
            preconditionFailure("there is no parameter \(name)")
        }
        return index < arguments.count ? arguments[index] : .nil
    }

    // Their checks are done: these trap only when the parameter's shape promises something else.

    public func text(_ name: String) -> String { self[name].string! }
    public func bytes(_ name: String) -> [UInt8] { self[name].rawBytes! }
    public func integer(_ name: String) -> Int64 { self[name].integer! }
    public func number(_ name: String) -> Double { self[name].number! }
    public func duration(_ name: String) -> Duration { self[name].duration! }
    /// The fields of a table argument; empty when it was left out.
    public func options(_ name: String) -> HostOptions { HostOptions(self[name]) }
}

/// The fields of a checked table.
public struct HostOptions {
    public let value: LuaValue

    public init(_ value: LuaValue) { self.value = value }

    public subscript(name: String) -> LuaValue { value[.string(name)] ?? .nil }
    public func text(_ name: String) -> String? { self[name].string }
    public func bytes(_ name: String) -> [UInt8]? { self[name].rawBytes }
    public func integer(_ name: String) -> Int64? { self[name].integer }
    public func number(_ name: String) -> Double? { self[name].number }
    public func bool(_ name: String) -> Bool? { self[name].bool }
    public func duration(_ name: String) -> Duration? { self[name].duration }
    public func size(_ name: String) -> Int? { self[name].size }
    public func options(_ name: String) -> HostOptions { HostOptions(self[name]) }
    /// The text of each element.
    public func list(_ name: String) -> [String] {
        if case .array(let values) = self[name] { values.compactMap(\.string) } else { [] }
    }

    public var pairs: [(name: String, value: LuaValue)] {
        if case .table(let fields) = value { fields.inOrder.map { ($0.key.text, $0.value) } } else { [] }
    }
}

extension LuaValue {
    /// The bytes of a string, UTF-8 or not.
    public var rawBytes: [UInt8]? {
        switch self {
        case .string(let text): Array(text.utf8)
        case .bytes(let bytes): bytes
        default: nil
        }
    }
}

/// A programmer's mistake in a script: raised, where a `Fault` would be returned as `nil, err`.
public struct ScriptMistake: Error, CustomStringConvertible, Sendable {
    public let description: String

    public init(_ description: String) { self.description = description }
}
