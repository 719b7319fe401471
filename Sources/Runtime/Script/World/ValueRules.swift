/// When a value ends, in milliseconds since the epoch. At that moment it is gone.
enum ValueEnd {
    static func milliseconds(_ time: Double) -> Int64 { Int64(time * 1000) }

    static func after(_ lifetime: Duration?, from now: Int64) -> StoredValue {
        lifetime.map { .integer(now + $0.milliseconds) } ?? .null
    }
}

/// The arithmetic of counters that are kept as JSON text.
enum ValueCount {
    static func adding(_ amount: Int64, to json: String?, at key: String) throws -> Int64 {
        guard let json else { return amount }
        guard let number = Int64(json) else {
            throw Fault(
                .conflict, "the value '\(key)' is \(json.prefix(40)), not a whole number that can be counted up",
                hint: "remove it, or count under another key")
        }
        let (sum, overflow) = number.addingReportingOverflow(amount)
        guard !overflow else { throw Fault(.conflict, "the value '\(key)' would be larger than 64 bits") }
        return sum
    }
}

enum ValueText {
    /// By bytes: Swift takes texts for equal that differ in how an accent is written, and the store does not.
    static func areSame(_ one: String?, _ other: String?) -> Bool {
        switch (one, other) {
        case (nil, nil): true
        case (let one?, let other?): one.utf8.elementsEqual(other.utf8)
        default: false
        }
    }

    static func precedes(_ one: String, _ other: String) -> Bool { one.utf8.lexicographicallyPrecedes(other.utf8) }
}

/// One page of a listing, filled in the order of keys until one of its bounds is reached.
struct ValuePage {
    /// Rows that are read at once.
    static let step = 16
    /// A page with more text than this is full, whatever its limit.
    static let byteLimit = 1 << 20

    let prefix: String
    let limit: Int
    private(set) var found: [(key: String, json: String)] = []
    private var bytes = 0

    init(prefix: String, limit: Int) {
        self.prefix = prefix
        self.limit = limit
    }

    /// False when neither this one nor any after it belongs to the page.
    mutating func take(_ key: String, _ json: String) -> Bool {
        guard found.count < limit, key.utf8.starts(with: prefix.utf8) else { return false }
        bytes += key.utf8.count + json.utf8.count
        guard bytes <= ValuePage.byteLimit || found.isEmpty else { return false }
        found.append((key, json))
        return true
    }
}
