/// Everything that scripts can use and must keep to, as their editor and their reader get to know it: the same
/// descriptions that check calls and scripts.
@Loop
public struct ScriptReference {
    /// A kind of script: where it lies, and the table that it returns.
    public struct Kind: Sendable {
        public let directory: String
        public let record: Record

        public init(_ directory: String, _ record: Record) {
            self.directory = directory
            self.record = record
        }
    }

    /// By name.
    public let modules: [HostModule]
    public let kinds: [Kind]
    public let hooks: [HookContract]
    /// Every table with a name that any of them mentions, by name.
    public let records: [Record]
    /// Names of records that more than one place mentions.
    let shared: Set<String>

    public init(modules: [HostModule], kinds: [Kind], hooks: [HookContract], others: [Record] = []) {
        self.modules = modules.sorted { $0.name < $1.name }
        self.kinds = kinds
        self.hooks = hooks
        var census = RecordCensus()
        for kind in kinds { census.take(.record(kind.record)) }
        for hook in hooks {
            census.take(hook.facts)
            if let decision = hook.decision { census.take(decision) }
        }
        for record in others { census.take(.record(record)) }
        for module in modules {
            for function in module.functions + module.classes.flatMap(\.methods) {
                census.take(function.parameters + function.results)
            }
        }
        records = census.records.values.sorted { $0.name < $1.name }
        shared = Set(census.mentions.filter { $0.value > 1 }.keys)
    }

    /// What a Perigee with this table has.
    public init(_ table: HostTable) {
        var census = RecordCensus()
        for function in HostModule.describedFakes.flatMap(\.functions) {
            census.take(function.parameters + function.results)
        }
        self.init(
            modules: table.modules,
            kinds: [
                Kind("personas", Contract.persona), Kind("hooks", Contract.hookFile), Kind("gc", Contract.gcJob),
                Kind("jobs", Contract.job), Kind("integrations", Contract.integration),
            ], hooks: Contract.hooks, others: [Contract.error, Contract.route] + census.records.values)
    }
}

/// Collects the records that shapes mention, each once, and counts the mentions.
struct RecordCensus {
    private(set) var records: [String: Record] = [:]
    private(set) var mentions: [String: Int] = [:]
    /// Names that mean different tables in different places.
    private(set) var clashes: Set<String> = []

    mutating func take(_ fields: [Field]) {
        for field in fields { take(field.shape) }
    }

    mutating func take(_ shape: Shape) {
        switch shape {
        case .list(let element), .map(let element): take(element)
        case .either(let shapes): for shape in shapes { take(shape) }
        case .function(let signature): take(signature.parameters + signature.results)
        case .record(let record):
            mentions[record.name, default: 0] += 1
            if let known = records[record.name] {
                if !RecordCensus.areSame(known, record) { clashes.insert(record.name) }
                return
            }
            if !record.name.isEmpty { records[record.name] = record }
            take(record.fields)
        case .any, .boolean, .text, .integer, .number, .duration, .size, .choice, .object, .grammar: return
        }
    }

    private static func areSame(_ a: Record, _ b: Record) -> Bool {
        a.summary == b.summary && a.isOpen == b.isOpen
            && a.fields.map { "\($0.name) \($0.isRequired) \($0.summary)" }
                == b.fields.map { "\($0.name) \($0.isRequired) \($0.summary)" }
    }
}
