import LuaBridge

extension HostModule {
    /// Numbers of scripts in Perigee's own metrics.
    public static func metrics(_ world: World) -> HostModule {
        let metrics = world.metrics
        let counters = LuaClass<ScriptMetric>("host.metrics.Counter")
        let gauges = LuaClass<ScriptMetric>("host.metrics.Gauge")
        let histograms = LuaClass<ScriptMetric>("host.metrics.Histogram")
        return HostModule(
            "metrics", "Numbers in `/metrics`, under names that begin with `\(ScriptMetric.prefix)`.",
            [
                make("counter", .counter, "A number that only grows.", counters, metrics),
                make("gauge", .gauge, "A number that goes up and down.", gauges, metrics),
                make("histogram", .histogram, "How often values fell into ranges.", histograms, metrics),
            ],
            classes: [
                HostClass(counters, "A number that only grows, for each set of labels.", [add(of: counters.name)]),
                HostClass(
                    gauges, "A number that goes up and down, for each set of labels.",
                    [set(of: gauges.name), move(of: gauges.name)]),
                HostClass(
                    histograms, "How often values fell into ranges, for each set of labels.",
                    [observe(of: histograms.name)]),
            ])
    }

    // MARK: making

    private static let name = Shape.grammar(name: "a metric's name such as \"trash_removed\"") { name in
        guard isWord(name) else { return "lower-case letters, digits and _ make a name, a letter comes first" }
        let taken = ["_bucket", "_sum", "_count"].first { name.hasSuffix($0) }
        return taken.map { "names that end with \($0) belong to histograms" }
    }

    private static let label = Shape.grammar(name: "a label's name such as \"root\"") { name in
        guard isWord(name), MetricName.isValid(label: name) else {
            return "lower-case letters, digits and _ make a name, a letter comes first"
        }
        return nil
    }

    private nonisolated static func isWord(_ name: String) -> Bool {
        guard let first = name.utf8.first, 97...122 ~= first, name.utf8.count <= 64 else { return false }
        return name.utf8.allSatisfy { 97...122 ~= $0 || 48...57 ~= $0 || $0 == 95 }
    }

    private static func options(_ kind: ScriptMetric.Kind) -> Record {
        let fields: [Field] = [
            .optional(
                "labels", .list(label), "Names of its labels, at most \(ScriptMetric.labelLimit), fixed from now on."),
            .optional("help", .text(max: 200), "One sentence about it, for whoever reads the metrics."),
        ]
        let buckets = Field.optional(
            "buckets", .list(.number(-1e15...1e15)), "Upper bounds, rising; 1 ms to a minute in seconds unless given.")
        return Record(
            "host.metrics.\(kind == .histogram ? "HistogramOptions" : "Options")", "Labels and words of a metric.",
            kind == .histogram ? fields + [buckets] : fields)
    }

    private static func make(
        _ function: String, _ kind: ScriptMetric.Kind, _ summary: String, _ type: LuaClass<ScriptMetric>,
        _ metrics: Metrics
    ) -> HostFunction {
        HostFunction(
            function, "\(summary) The same name gives the same metric, in whatever script.",
            [
                .required("name", name, "Its name, to which `\(ScriptMetric.prefix)` is added."),
                .optional("options", .record(options(kind)), "Labels and words."),
            ], results: [.required(function, .object(type.name), "The metric.")],
            example: "local removed = metrics.\(function)(\"trash_removed\", { labels = { \"root\" } })"
        ) { call in
            let options = call.options("options")
            let labels = options.list("labels")
            let place = "bad argument #2 'options' to 'host.metrics.\(function)'"
            guard labels.count <= ScriptMetric.labelLimit, Set(labels).count == labels.count else {
                throw ScriptMistake(
                    "\(place): field 'labels' must be at most \(ScriptMetric.labelLimit) names, each its own")
            }
            var buckets: [Double]?
            if case .array(let bounds) = options["buckets"] {
                let bounds = bounds.map { $0.number! }
                guard 1...64 ~= bounds.count, zip(bounds, bounds.dropFirst()).allSatisfy({ $0 < $1 }) else {
                    throw ScriptMistake("\(place): field 'buckets' must be 1 to 64 numbers that rise")
                }
                buckets = bounds
            }
            let metric = try metrics.ofScripts(
                call.text("name"), kind, help: options.text("help") ?? "Counted by a script.", labels: labels,
                buckets: buckets)
            return type.value(metric)
        }
    }

    // MARK: counting

    private static let labels = Field.optional(
        "labels", .map(.either([.text(), .integer(), .boolean])),
        "A value for each label; too many different ones are counted as \"other\".")

    private static func add(of owner: String) -> HostFunction {
        HostFunction(
            "add", "Adds to it.",
            [.optional("amount", .integer(0...1 << 53), "How much; 1 unless given."), labels],
            example: "removed:add(1, { root = \"workspaces\" })"
        ) { call in
            let metric = call.receiver as! ScriptMetric
            let values = try values(of: call, metric, "\(owner):add")
            if case .counter(let find) = metric.series { find(values).add(Int(call["amount"].integer ?? 1)) }
            return .nil
        }
    }

    private static func set(of owner: String) -> HostFunction {
        HostFunction(
            "set", "Sets it.", [.required("value", .number(), "What it is now."), labels],
            example: "free:set(bytes, { root = \"state\" })"
        ) { call in
            let metric = call.receiver as! ScriptMetric
            let values = try values(of: call, metric, "\(owner):set")
            if case .gauge(let find) = metric.series { find(values).set(call.number("value")) }
            return .nil
        }
    }

    private static func move(of owner: String) -> HostFunction {
        HostFunction(
            "add", "Moves it up, or down.", [.required("amount", .number(), "How much; negative is down."), labels]
        ) { call in
            let metric = call.receiver as! ScriptMetric
            let values = try values(of: call, metric, "\(owner):add")
            if case .gauge(let find) = metric.series { find(values).add(call.number("amount")) }
            return .nil
        }
    }

    private static func observe(of owner: String) -> HostFunction {
        HostFunction(
            "observe", "Counts a value.", [.required("value", .number(), "In the unit of the name."), labels],
            example: "took:observe(time.monotonic() - began)"
        ) { call in
            let metric = call.receiver as! ScriptMetric
            let values = try values(of: call, metric, "\(owner):observe")
            if case .histogram(let find) = metric.series { find(values).observe(call.number("value")) }
            return .nil
        }
    }

    /// In the order of the metric's labels: all of them, and no others.
    private static func values(of call: HostCall, _ metric: ScriptMetric, _ function: String) throws -> [String] {
        let given = call.options("labels")
        let place = "bad argument #2 'labels' to '\(function)'"
        for (name, _) in given.pairs where !metric.labels.contains(name) {
            let near = NearestName.of(name, among: metric.labels).map { "did you mean '\($0)'?" }
            let known = metric.labels.isEmpty ? "it has none" : "known are \(metric.labels.joined(separator: ", "))"
            throw ScriptMistake("\(place): the metric '\(metric.name)' has no label '\(name)'; \(near ?? known)")
        }
        return try metric.labels.map { label in
            switch given[label] {
            case .nil: throw ScriptMistake("\(place): the metric '\(metric.name)' needs its label '\(label)'")
            case .integer(let number): return String(number)
            case .number(let number): return String(Int64(number))
            case .bool(let flag): return flag ? "true" : "false"
            case let value: return value.string ?? ""
            }
        }
    }
}
