/// Why the newest scripts do not serve.
public struct ScriptFailure: Error, Sendable, Equatable {
    public let problems: [ScriptProblem]
    /// Seconds since the epoch.
    public let since: Double
    /// The number that the generation would have had.
    public let number: Int
}

extension ScriptFailure {
    /// For those who asked for a reload.
    public var fault: Fault {
        let first = problems.first
        let more = problems.count > 1 ? " (and \(problems.count - 1) more)" : ""
        return Fault(
            .script, (first?.description ?? "the scripts cannot be loaded") + more,
            hint: first?.hint ?? "the scripts before it go on serving; `perigee status` lists what is wrong")
    }
}
