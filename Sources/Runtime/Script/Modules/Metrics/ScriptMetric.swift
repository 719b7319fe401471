/// A metric that scripts made, to be found again by their next generation.
final class ScriptMetric: Sendable {
    enum Kind: String { case counter, gauge, histogram }

    /// Finds a series by the values of its labels.
    enum Series: Sendable {
        case counter(@Sendable ([String]) -> Counter)
        case gauge(@Sendable ([String]) -> Gauge)
        case histogram(@Sendable ([String]) -> Histogram)
    }

    static let prefix = "perigee_script_"
    /// Metrics of all scripts together; each has at most `Metrics.seriesLimit` series.
    static let limit = 200
    static let labelLimit = 5

    let name: String
    let kind: Kind
    let labels: [String]
    let buckets: [Double]?
    let series: Series

    init(_ metrics: Metrics, _ name: String, _ kind: Kind, _ help: String, _ labels: [String], _ buckets: [Double]?) {
        self.name = name
        self.kind = kind
        self.labels = labels
        self.buckets = buckets
        let full = ScriptMetric.prefix + name
        switch (kind, labels.isEmpty) {
        case (.counter, true):
            let one = metrics.counter(full, help)
            series = .counter { _ in one }
        case (.counter, false):
            let family = metrics.counters(full, help, labels: labels)
            series = .counter { family.with($0) }
        case (.gauge, true):
            let one = metrics.gauge(full, help)
            series = .gauge { _ in one }
        case (.gauge, false):
            let family = metrics.gauges(full, help, labels: labels)
            series = .gauge { family.with($0) }
        case (.histogram, true):
            let one = metrics.histogram(full, help, buckets: buckets ?? Histogram.seconds)
            series = .histogram { _ in one }
        case (.histogram, false):
            let family = metrics.histograms(full, help, labels: labels, buckets: buckets ?? Histogram.seconds)
            series = .histogram { family.with($0) }
        }
    }
}

extension Metrics {
    /// The metric of that name, made when it is new. What it is stays as it was said first, until the next start.
    func ofScripts(
        _ name: String, _ kind: ScriptMetric.Kind, help: String, labels: [String], buckets: [Double]?
    ) throws -> ScriptMetric {
        try ofScripts.withLock { known in
            guard let metric = known[name] else {
                guard known.count < ScriptMetric.limit else {
                    throw ScriptMistake("there are \(known.count) metrics of scripts already, which is the most")
                }
                let new = ScriptMetric(self, name, kind, help, labels, buckets)
                known[name] = new
                return new
            }
            guard metric.kind == kind else {
                throw ScriptMistake("the metric '\(name)' is a \(metric.kind.rawValue) already, not a \(kind.rawValue)")
            }
            guard metric.labels == labels, metric.buckets == buckets else {
                let what = metric.labels == labels ? "buckets" : "labels (\(metric.labels.joined(separator: ", ")))"
                throw ScriptMistake(
                    "the metric '\(name)' has other \(what) already, which stay until Perigee starts anew: "
                        + "give a changed metric a new name")
            }
            return metric
        }
    }
}
