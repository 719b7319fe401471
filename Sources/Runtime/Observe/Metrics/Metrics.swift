/// The numbers of the program, each registered once, in Prometheus' text form.
///
/// Registering and counting work on any thread: a handle is found once and kept, and counting with it is one atomic
/// addition. Only `text` belongs to the loop, because gauges may read the loop's state.
public final class Metrics: Sendable {
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// Series of one metric; what would come after them is counted as `other`.
    public static let seriesLimit = 200

    struct Entry: Sendable {
        let kind: StaticString
        let help: String
        let write: @Loop (_ name: String, inout LineText) -> Void
    }

    private let entries = Locked<[String: Entry]>([:])
    /// Those that scripts made: they outlive the scripts' generations.
    let ofScripts = Locked<[String: ScriptMetric]>([:])

    public init() {}

    public func counter(_ name: String, _ help: String) -> Counter {
        let counter = Counter()
        add(name, "counter", help) { name, text in counter.write(name, labels: "", &text) }
        return counter
    }

    public func gauge(_ name: String, _ help: String) -> Gauge {
        let gauge = Gauge()
        add(name, "gauge", help) { name, text in gauge.write(name, labels: "", &text) }
        return gauge
    }

    /// A number that is asked for at each collection; nil leaves it out.
    public func gauge(_ name: String, _ help: String, _ read: @escaping @Loop () -> Double?) {
        add(name, "gauge", help) { name, text in text.putSample(name, "", read()) }
    }

    /// A number that only grows and that somebody else counts.
    public func counter(_ name: String, _ help: String, _ read: @escaping @Loop () -> Double?) {
        add(name, "counter", help) { name, text in text.putSample(name, "", read()) }
    }

    /// `buckets` are upper bounds, rising, in the unit of the name.
    public func histogram(_ name: String, _ help: String, buckets: [Double] = Histogram.seconds) -> Histogram {
        let histogram = Histogram(buckets)
        add(name, "histogram", help) { name, text in histogram.write(name, labels: "", &text) }
        return histogram
    }

    public func counters(
        _ name: String, _ help: String, labels: [String], limit: Int = seriesLimit
    ) -> Labelled<Counter> {
        let family = Labelled(labels, limit) { Counter() }
        add(name, "counter", help) { name, text in family.each { $0.write(name, labels: $1, &text) } }
        return family
    }

    public func gauges(_ name: String, _ help: String, labels: [String], limit: Int = seriesLimit) -> Labelled<Gauge> {
        let family = Labelled(labels, limit) { Gauge() }
        add(name, "gauge", help) { name, text in family.each { $0.write(name, labels: $1, &text) } }
        return family
    }

    public func histograms(
        _ name: String, _ help: String, labels: [String], buckets: [Double] = Histogram.seconds,
        limit: Int = seriesLimit
    ) -> Labelled<Histogram> {
        let family = Labelled(labels, limit) { Histogram(buckets) }
        add(name, "histogram", help) { name, text in family.each { $0.write(name, labels: $1, &text) } }
        return family
    }

    /// All metrics by name, all series by their labels: the same state gives the same bytes.
    @Loop
    public func text() -> [UInt8] {
        let sorted = entries.withLock { $0 }.sorted { $0.key < $1.key }
        var text = LineText(capacity: 16_384)
        for (name, entry) in sorted {
            text.put("# HELP ")
            text.put(plain: name)
            text.put(" ")
            text.putHelp(entry.help)
            text.put("\n# TYPE ")
            text.put(plain: name)
            text.put(" ")
            text.put(entry.kind)
            text.put("\n")
            entry.write(name, &text)
        }
        return text.bytes
    }

    private func add(
        _ name: String, _ kind: StaticString, _ help: String, _ write: @escaping @Loop (String, inout LineText) -> Void
    ) {
        precondition(MetricName.isValid(name), "\(name) is no name for a metric")
        let isNew = entries.withLock { entries in
            entries.updateValue(Entry(kind: kind, help: help, write: write), forKey: name) == nil
        }
        precondition(isNew, "the metric \(name) is registered twice")
    }
}

enum MetricName {
    static func isValid(_ name: String) -> Bool { isValid(name, colon: true) }

    static func isValid(label: String) -> Bool {
        isValid(label, colon: false) && !label.hasPrefix("__") && label != "le" && label != "quantile"
    }

    private static func isValid(_ name: String, colon: Bool) -> Bool {
        guard let first = name.utf8.first, !(48...57 ~= first) else { return false }
        return name.utf8.allSatisfy { byte in
            97...122 ~= byte | 0x20 || 48...57 ~= byte || byte == 0x5f || (colon && byte == 0x3a)
        }
    }
}
