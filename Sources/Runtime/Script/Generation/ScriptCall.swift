/// Which script runs in the present task, for logs, stores and errors.
public struct ScriptCall: Sendable {
    public let generation: Int
    public let script: String
    public let kind: ScriptLimits.Kind
    /// Such as "identify", or a job's name.
    public let function: String

    @TaskLocal public static var current: ScriptCall?

    public init(generation: Int, script: String, kind: ScriptLimits.Kind, function: String) {
        self.generation = generation
        self.script = script
        self.kind = kind
        self.function = function
    }
}
