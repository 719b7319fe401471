import Synchronization

/// A number that only grows.
public final class Counter: Sendable {
    private let count = Atomic<Int>(0)

    init() {}

    public func add(_ amount: Int = 1) {
        assert(amount >= 0, "a counter only grows")
        count.wrappingAdd(amount, ordering: .relaxed)
    }

    public var value: Int { count.load(ordering: .relaxed) }

    func write(_ name: String, labels: String, _ text: inout LineText) {
        text.putSample(name, labels, integer: value)
    }
}

/// A number that goes up and down.
public final class Gauge: Sendable {
    private let bits = Atomic<UInt64>(0)

    init() {}

    public func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

    public func add(_ amount: Double) { bits.addDouble(amount) }

    public var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

    func write(_ name: String, labels: String, _ text: inout LineText) {
        text.putSample(name, labels, value)
    }
}

/// How often values fell into each of a few ranges that were fixed beforehand.
public final class Histogram: @unchecked Sendable {
    /// For waits of people and programs: 1 ms to a minute.
    public static let seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
    public static let bytes: [Double] = [256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 16_777_216]

    private let bounds: [Double]
    // One count for each bound and one for what is above all; never moved, so that threads may add to them.
    private let counts: UnsafeMutablePointer<Atomic<Int>>
    private let sum = Atomic<UInt64>(0)

    init(_ bounds: [Double]) {
        precondition(
            !bounds.isEmpty && bounds.count <= 64 && zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 },
            "the bounds of a histogram must rise")
        self.bounds = bounds
        counts = .allocate(capacity: bounds.count + 1)
        for place in 0...bounds.count { (counts + place).initialize(to: Atomic(0)) }
    }

    deinit {
        counts.deinitialize(count: bounds.count + 1)
        counts.deallocate()
    }

    public func observe(_ value: Double) {
        guard !value.isNaN else { return }
        var place = 0
        while place < bounds.count && value > bounds[place] { place += 1 }
        counts[place].wrappingAdd(1, ordering: .relaxed)
        sum.addDouble(value)
    }

    public func observe(_ duration: Duration) { observe(duration.inSeconds) }

    public var count: Int { (0...bounds.count).reduce(0) { $0 + counts[$1].load(ordering: .relaxed) } }

    /// `_count` is the sum of the buckets as they were read, so that both agree while others count.
    func write(_ name: String, labels: String, _ text: inout LineText) {
        let separator = labels.isEmpty ? "" : ","
        var total = 0
        for place in 0...bounds.count {
            total += counts[place].load(ordering: .relaxed)
            let bound = place < bounds.count ? MetricNumber.text(bounds[place]) : "+Inf"
            text.putSample("\(name)_bucket", "\(labels)\(separator)le=\"\(bound)\"", integer: total)
        }
        text.putSample("\(name)_sum", labels, Double(bitPattern: sum.load(ordering: .relaxed)))
        text.putSample("\(name)_count", labels, integer: total)
    }
}

extension Atomic where Value == UInt64 {
    /// Adds to the `Double` whose bits these are.
    borrowing func addDouble(_ amount: Double) {
        var old = load(ordering: .relaxed)
        while true {
            let new = (Double(bitPattern: old) + amount).bitPattern
            let (done, seen) = weakCompareExchange(expected: old, desired: new, ordering: .relaxed)
            if done { return }
            old = seen
        }
    }
}
