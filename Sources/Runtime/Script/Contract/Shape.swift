import LuaBridge

/// What a value in a script may be. One description gives the check, the type in the editor's stubs and the line in
/// `docs/lua.md`.
public indirect enum Shape: Sendable {
    case any
    case boolean
    case text(max: Int = .max)
    case integer(ClosedRange<Int64> = .min ... .max)
    case number(ClosedRange<Double> = -.infinity ... .infinity)
    /// A duration as people write it, "15m", or a number of seconds.
    case duration
    /// "10 MB", or a number of bytes.
    case size
    case choice([String])
    case list(Shape)
    /// Any text as key.
    case map(Shape)
    case record(Record)
    case function(Signature)
    /// The first that fits.
    case either([Shape])
    /// A host object, by its class's name.
    case object(String)
    /// Text with a grammar of its own; `check` says what is wrong with it.
    case grammar(name: String, check: @Sendable (String) -> String?)
}

/// A table with known fields. Unknown ones are errors, unless it is open.
public struct Record: Sendable {
    /// As the stubs call it, such as `host.Identity`.
    public let name: String
    public let summary: String
    public let fields: [Field]
    public let isOpen: Bool

    public init(_ name: String, _ summary: String, isOpen: Bool = false, _ fields: [Field]) {
        self.name = name
        self.summary = summary
        self.fields = fields
        self.isOpen = isOpen
    }
}

/// A field of a record, or a parameter or result of a function.
public struct Field: Sendable {
    public let name: String
    public let shape: Shape
    public let isRequired: Bool
    /// One line for people.
    public let summary: String
    let key: LuaKey

    private init(_ name: String, _ shape: Shape, _ isRequired: Bool, _ summary: String) {
        self.name = name
        key = .string(name)
        self.shape = shape
        self.isRequired = isRequired
        self.summary = summary
    }

    public static func required(_ name: String, _ shape: Shape, _ summary: String) -> Field {
        Field(name, shape, true, summary)
    }

    public static func optional(_ name: String, _ shape: Shape, _ summary: String) -> Field {
        Field(name, shape, false, summary)
    }
}

/// What a function that a script gives, or gets, takes and returns.
public struct Signature: Sendable {
    public let parameters: [Field]
    public let results: [Field]

    public init(_ parameters: [Field], results: [Field] = []) {
        self.parameters = parameters
        self.results = results
    }
}
