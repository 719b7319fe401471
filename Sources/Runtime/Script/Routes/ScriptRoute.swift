public import LuaBridge

/// An HTTP endpoint that a script adds, served under `/x`.
public struct ScriptRoute {
    public let method: Method
    /// Such as "/hello/{name}".
    public let pattern: String
    public let script: String
    public let summary: String
    /// Largest body that it takes.
    public let largestBody: Int
    public let handler: LuaFunction

    static let usualBody = 1 << 20

    /// `name` is "GET /hello/{name}"; `value` the handler, or a checked table with it.
    init(_ name: String, _ value: LuaValue, script: String) throws {
        let (method, pattern) = try Contract.endpoint(name)
        let options = HostOptions(value)
        self.method = method
        self.pattern = pattern
        self.script = script
        summary = options.text("summary") ?? ""
        largestBody = options.size("max_body") ?? ScriptRoute.usualBody
        handler = value.function ?? options["handler"].function!
    }
}

/// A persona as its script declares it.
public struct ScriptDeclaration {
    public let kind: ScriptKind
    /// The persona's id.
    public let name: String
    public let script: String
    /// The checked table, functions included.
    public let value: LuaValue
}
