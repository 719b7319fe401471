public import LuaBridge

/// A scheduled script.
public struct ScriptJob {
    public enum Kind: String, Sendable { case gc, job }

    public let name: String
    public let description: String
    public let script: String
    public let line: Int?
    public let kind: Kind
    /// As the owner wrote it.
    public let schedule: String
    /// The time zone's name.
    public let zone: String
    public let rules: JobTimeline.Rules
    public let timeout: Duration
    public let isEnabled: Bool
    /// `plan` of a gc job, `run` of another.
    public let body: LuaFunction

    /// From a checked table.
    init(_ fields: LuaValue, _ kind: Kind, script: String) throws {
        let options = HostOptions(fields)
        let isGC = kind == .gc
        let body = options[isGC ? "plan" : "run"].function!
        name = options.text("name") ?? ""
        description = options.text("description") ?? ""
        self.script = script
        line = body.place?.line
        self.kind = kind
        schedule = options.text("schedule") ?? ""
        zone = options.text("tz") ?? "UTC"
        let retry = options.options("retry")
        rules = JobTimeline.Rules(
            recurrence: try Recurrence(schedule), zone: try Zone(named: zone),
            jitter: ScriptJob.jitter(of: name, upTo: options.duration("jitter") ?? .zero),
            overlap: options.text("overlap").flatMap(JobTimeline.Overlap.init) ?? .skip,
            catchUp: options.text("catch_up").flatMap(JobTimeline.CatchUp.init) ?? .none,
            retries: Int(retry.integer("times") ?? 0),
            backOff: max(1, (retry.duration("after") ?? .seconds(60)).components.seconds))
        timeout = options.duration("timeout") ?? .seconds(3600)
        isEnabled = options.bool("enabled") ?? true
        self.body = body
    }

    /// The same for a job in every process and generation, and spread evenly over jobs.
    static func jitter(of name: String, upTo limit: Duration) -> Int64 {
        let seconds = limit.components.seconds
        guard seconds > 0 else { return 0 }
        let digest = SHA256.hash(name).prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return Int64(digest % UInt64(seconds))
    }
}
