import Runtime

/// One setting: its name, what it accepts, and why one would change it. The list of all of them is the only place from
/// which validation, `perigee config` and `docs/configuration.md` come.
struct Setting<Value: Sendable>: Sendable {
    let name: String
    /// As it would be written; empty when it is off unless set.
    let fallback: String
    let accepts: Accepted<Value>
    let purpose: String
    var isSecret = false
}

/// The values that a setting takes, in words and as a reader.
struct Accepted<Value: Sendable>: Sendable {
    /// Completes "… is not", as in `"80a" is not a port from 0 to 65535`.
    let description: String
    let read: @Sendable (String) -> Value?
}

/// What all settings have in common, whatever their type.
protocol AnySetting: Sendable {
    var name: String { get }
    var fallback: String { get }
    var purpose: String { get }
    var isSecret: Bool { get }
    var acceptedDescription: String { get }
    func accepts(_ text: String) -> Bool
}

extension Setting: AnySetting {
    var acceptedDescription: String { accepts.description }
    func accepts(_ text: String) -> Bool { accepts.read(text) != nil }
}

extension Accepted where Value == String {
    static let text = Accepted(description: "text") { $0 }
    static let path = Accepted(description: "an absolute path, or one that begins with ~/") { text in
        text.hasPrefix("/") || text.hasPrefix("~/") ? text : nil
    }
    static let optionalPath = Accepted(description: "an absolute path, or empty") { text in
        text.isEmpty || text.hasPrefix("/") ? text : nil
    }
    static let pathOrOff = Accepted(description: "an absolute path, one below ~/ or $STATE_DIR/, or off") { text in
        off.contains(text) || ["/", "~/", "$STATE_DIR/"].contains(where: text.hasPrefix) ? text : nil
    }
    static let off = ["off", "none"]
    static let host = Accepted(description: "an address such as 127.0.0.1, ::1 or 0.0.0.0, or localhost") { text in
        text == "localhost" || IPAddress(text) != nil ? text : nil
    }
    static let optionalURL = Accepted(description: "a URL that begins with http:// or https://, or empty") { text in
        text.isEmpty || text.hasPrefix("http://") || text.hasPrefix("https://") ? text : nil
    }
}

extension Accepted where Value == Int {
    static let port = Accepted(description: "a port from 0 to 65535 (0 lets the kernel choose)") { text in
        Int(text).flatMap { (0...65535).contains($0) ? $0 : nil }
    }
    static let size = Accepted(description: "a size such as 512KB, 32MB or 1GB") { Units.bytes($0) }
    static func count(_ range: ClosedRange<Int>) -> Accepted {
        Accepted(description: "a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }
}

extension Accepted where Value == Double {
    static let share = Accepted(description: "a number from 0 to 1") { text in
        Double(text).flatMap { (0...1).contains($0) ? $0 : nil }
    }
}

extension Accepted where Value == Duration {
    static let duration = Accepted(description: "a duration such as 500ms, 30s, 15m or 1h30m") { Units.duration($0) }
}

extension Accepted where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    static func oneOf(_ type: Value.Type) -> Accepted {
        let choices = Value.allCases.map(\.rawValue)
        return Accepted(description: "one of \(choices.joined(separator: ", "))") { Value(rawValue: $0) }
    }
}

extension Accepted {
    static func list<Item: Sendable>(
        _ what: String, _ read: @escaping @Sendable (String) -> Item?
    ) -> Accepted where Value == [Item] {
        Accepted(description: "a list of \(what) separated by commas") { text in
            let parts = text.split(separator: ",").map { String($0.filter { $0 != " " }) }
            let items = parts.compactMap(read)
            return items.count == parts.count ? items : nil
        }
    }
}
