public import LuaBridge

/// A module that scripts get by `require "host.NAME"`. The same list registers the functions, writes the editor's stubs
/// and `docs/lua.md`, and is counted by a test.
@Loop
public struct HostModule {
    /// Without `host.`; empty for the functions of `host` itself.
    public let name: String
    public let summary: String
    public let functions: [HostFunction]
    /// Classes of the objects that its functions return, with their methods.
    public let classes: [HostClass]
    /// Fields that are no functions.
    public let constants: [HostConstant]

    public init(
        _ name: String, _ summary: String, _ functions: [HostFunction], classes: [HostClass] = [],
        constants: [HostConstant] = []
    ) {
        self.name = name
        self.summary = summary
        self.functions = functions
        self.classes = classes
        self.constants = constants
    }

    public var fullName: String { name.isEmpty ? "host" : "host.\(name)" }
}

/// One function of a module, or one method of a class: what it takes, what it gives, and what it does.
@Loop
public struct HostFunction {
    public enum Body {
        case plain((HostCall) throws -> LuaValue)
        /// May `await`; to the script it looks synchronous.
        case waiting((HostCall) async throws -> LuaValue)
        /// Waits, and what it returns is an iterator with `__call` and `__close`, which a `for` closes however it ends.
        case iterating((HostCall) async throws -> LuaValue)
        /// The bridge's own form, for what needs tables by reference or several results. Checks are its own.
        case raw(LuaHostFunction)
    }

    public let name: String
    /// What it does, in the present tense; the first line of its documentation.
    public let summary: String
    public let parameters: [Field]
    public let results: [Field]
    /// Whether it returns `nil, err` when what was asked for did not work.
    public let canFail: Bool
    /// Lua that shows it in use.
    public let example: String
    public let body: Body

    public init(
        _ name: String, _ summary: String, _ parameters: [Field] = [], results: [Field] = [], canFail: Bool = false,
        example: String = "", _ body: @escaping (HostCall) throws -> LuaValue
    ) {
        self.init(name, summary, parameters, results, canFail, example, .plain(body))
    }

    public init(
        waiting name: String, _ summary: String, _ parameters: [Field] = [], results: [Field] = [],
        canFail: Bool = true, example: String = "", _ body: @escaping (HostCall) async throws -> LuaValue
    ) {
        self.init(name, summary, parameters, results, canFail, example, .waiting(body))
    }

    public init(
        iterating name: String, _ summary: String, _ parameters: [Field] = [], results: [Field] = [],
        canFail: Bool = true, example: String = "", _ body: @escaping (HostCall) async throws -> LuaValue
    ) {
        self.init(name, summary, parameters, results, canFail, example, .iterating(body))
    }

    public init(
        raw name: String, _ summary: String, _ parameters: [Field] = [], results: [Field] = [],
        canFail: Bool = false, example: String = "", _ function: LuaHostFunction
    ) {
        self.init(name, summary, parameters, results, canFail, example, .raw(function))
    }

    private init(
        _ name: String, _ summary: String, _ parameters: [Field], _ results: [Field], _ canFail: Bool,
        _ example: String, _ body: Body
    ) {
        self.name = name
        self.summary = summary
        self.parameters = parameters
        self.results = results
        self.canFail = canFail
        self.example = example
        self.body = body
    }

    /// Whether the script may be suspended in it.
    public var waits: Bool {
        switch body {
        case .plain: false
        case .waiting, .iterating: true
        case .raw(let function): function.mayWait
        }
    }
}

/// A field of a module that is no function, such as `json.null`.
public struct HostConstant {
    public let name: String
    /// LuaCATS' word for its type.
    public let type: String
    public let summary: String
    public let value: LuaValue

    public init(_ name: String, type: String, _ summary: String, _ value: LuaValue) {
        self.name = name
        self.type = type
        self.summary = summary
        self.value = value
    }
}

/// A kind of object that a function returns. `type` must be this module's own: define one for each state.
@Loop
public struct HostClass {
    public let name: String
    public let summary: String
    public let methods: [HostFunction]
    /// Puts it together for one state.
    let type: LuaObjectType

    /// Methods find their object with `call.receiver`.
    public init<Object: AnyObject>(_ type: LuaClass<Object>, _ summary: String, _ methods: [HostFunction]) {
        name = type.name
        self.summary = summary
        self.methods = methods
        self.type = type
        for method in methods { method.install(in: type) }
    }
}
