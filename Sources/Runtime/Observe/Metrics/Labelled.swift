/// One metric with labels: a series for each combination of values, up to a bound.
///
/// Look a series up once and keep it. Past the bound every new combination is the one series `other`, so that no client
/// can fill the memory by inventing values.
public final class Labelled<Series: Sendable>: Sendable {
    private struct State: Sendable {
        var series: [[String]: Series] = [:]
        var other: Series?
    }

    private static var longestValue: Int { 128 }

    private let names: [String]
    private let limit: Int
    private let make: @Sendable () -> Series
    private let state = Locked(State())

    init(_ names: [String], _ limit: Int, _ make: @escaping @Sendable () -> Series) {
        precondition(!names.isEmpty && Set(names).count == names.count, "labels need names, each its own")
        for name in names { precondition(MetricName.isValid(label: name), "\(name) is no name for a label") }
        precondition(limit > 0, "a metric needs room for a series")
        self.names = names
        self.limit = limit
        self.make = make
    }

    /// The series with these values, in the order of the declared names.
    public func with(_ values: String...) -> Series { with(values) }

    public func with(_ values: [String]) -> Series {
        precondition(values.count == names.count, "this metric has the labels \(names)")
        let values = values.map { $0.utf8.count <= Labelled.longestValue ? $0 : "other" }
        return state.withLock { state in
            if let known = state.series[values] { return known }
            // Who says "other" himself means the same series, so that it is never listed twice.
            if state.series.count >= limit || values == others {
                let other = state.other ?? make()
                state.other = other
                return other
            }
            let new = make()
            state.series[values] = new
            return new
        }
    }

    /// Each series with its labels as text, in their order; `other` comes last.
    func each(_ visit: (Series, String) -> Void) {
        let state = state.withLock { $0 }
        for (values, series) in state.series.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            visit(series, text(values))
        }
        if let other = state.other { visit(other, text(others)) }
    }

    private var others: [String] { [String](repeating: "other", count: names.count) }

    private func text(_ values: [String]) -> String {
        zip(names, values).map { "\($0)=\"\(MetricText.escaped($1))\"" }.joined(separator: ",")
    }
}
