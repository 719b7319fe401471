/// One field of a cron line as the set of its values.
struct CronField: Sendable, Equatable {
    private var bits: UInt64 = 0
    /// Begins with `*`: the field leaves the choice to others.
    let isOpen: Bool

    struct Kind: Sendable {
        let name: String
        let range: ClosedRange<Int>
        var names: [String] = []
        /// What the first name stands for.
        var firstName = 0

        static let minute = Kind(name: "minute", range: 0...59)
        static let hour = Kind(name: "hour", range: 0...23)
        static let day = Kind(name: "day of month", range: 1...31)
        static let month = Kind(
            name: "month", range: 1...12,
            names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], firstName: 1)
        /// 7 is Sunday too.
        static let weekday = Kind(
            name: "day of week", range: 0...7, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"])
    }

    /// `*`, `5`, `mon`, `1-5`, `*/15`, `9-17/2`, and lists of these.
    init(_ text: Substring, _ kind: Kind) throws {
        isOpen = text.first == "*"
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let pieces = part.split(separator: "/", omittingEmptySubsequences: false)
            guard pieces.count <= 2, let range = try CronField.range(pieces[0], kind) else {
                throw CronField.refusal(part, kind)
            }
            var step = 1
            if pieces.count == 2 {
                guard let number = Int(pieces[1]), number >= 1, number <= kind.range.upperBound else {
                    throw CronField.refusal(part, kind)
                }
                step = number
            }
            // `5/15` means from 5 on, as most crons read it.
            let last =
                pieces.count == 2 && range.count == 1 && pieces[0] != "*" ? kind.range.upperBound : range.upperBound
            for value in stride(from: range.lowerBound, through: last, by: step) { insert(value, kind) }
        }
    }

    func contains(_ value: Int) -> Bool { bits & (1 << UInt64(value)) != 0 }

    private mutating func insert(_ value: Int, _ kind: Kind) {
        bits |= 1 << UInt64(kind.range.upperBound == 7 ? value % 7 : value)
    }

    private static func range(_ text: Substring, _ kind: Kind) throws -> ClosedRange<Int>? {
        if text == "*" { return kind.range.upperBound == 7 ? 0...6 : kind.range }
        let ends = text.split(separator: "-", omittingEmptySubsequences: false)
        guard let first = ends.first.flatMap({ value($0, kind) }) else { return nil }
        guard ends.count == 2 else { return ends.count == 1 ? first...first : nil }
        guard let last = value(ends[1], kind), first <= last else { return nil }
        return first...last
    }

    private static func value(_ text: Substring, _ kind: Kind) -> Int? {
        if let position = kind.names.firstIndex(of: text.lowercased()) { return position + kind.firstName }
        guard text.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int(text) else { return nil }
        return kind.range.contains(number) ? number : nil
    }

    private static func refusal(_ part: Substring, _ kind: Kind) -> Fault {
        let names = kind.names.isEmpty ? "" : " or \(kind.names.first!)-\(kind.names.last!)"
        return Fault(
            .invalidInput,
            "\"\(part)\" is not a \(kind.name): expected \(kind.range.lowerBound)-\(kind.range.upperBound)\(names), "
                + "a range, a step like */15, or a list of these")
    }
}
