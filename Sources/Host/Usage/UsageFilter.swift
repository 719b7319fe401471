import Runtime

/// Which usage is asked for, and how it is put together: `?from=&to=&user=&key=&persona=&model=&by=`.
struct UsageFilter: Sendable {
    enum Axis: String, Sendable, CaseIterable { case day, user, key, persona, model }

    var from: UsageDay
    /// This day included.
    var to: UsageDay
    // Empty for all.
    var user = ""
    var key = ""
    var persona = ""
    var model = ""
    var axes: [Axis] = [.user]

    private static let usualDays: Int64 = 30

    init(today: UsageDay) {
        to = today
        from = today.before(UsageFilter.usualDays - 1)
    }

    init(_ query: QueryFields, today: UsageDay) throws {
        self.init(today: today)
        if let text = query["to"] { to = try UsageFilter.day(text) }
        from = try query["from"].map(UsageFilter.day) ?? min(from, to)
        guard from <= to else {
            throw Fault(.invalidInput, "from \(from.text) is after to \(to.text)")
        }
        user = query["user"] ?? ""
        key = query["key"] ?? ""
        persona = query["persona"] ?? ""
        model = query["model"] ?? ""
        if let by = query["by"] { axes = try UsageFilter.axes(by) }
    }

    private static func day(_ text: String) throws -> UsageDay {
        guard let day = UsageDay(text) else {
            throw Fault(.invalidInput, "\"\(text.prefix(40))\" is no day", hint: "write one as 2026-11-21")
        }
        return day
    }

    private static func axes(_ text: String) throws -> [Axis] {
        let words = text.split(separator: ",").map(String.init)
        return try words.map { word in
            guard let axis = Axis(rawValue: word) else {
                let known = Axis.allCases.map(\.rawValue)
                throw Fault(
                    .invalidInput, "usage is not told by \"\(word.prefix(40))\"",
                    hint: NearestName.of(word, among: known).map { "did you mean \($0)?" }
                        ?? "by takes \(known.joined(separator: ", ")), several with commas")
            }
            return axis
        }
    }

    /// The rows put together, in the order in which their words first come; without axes there is one sum of all.
    func grouped(_ rows: [UsageRow]) -> [(words: [String], sum: UsageSum)] {
        var places: [[String]: Int] = [:]
        var groups: [(words: [String], sum: UsageSum)] = []
        for row in rows {
            let words = axes.map(row.word)
            if let place = places[words] {
                groups[place].sum = groups[place].sum + row.sum
            } else {
                places[words] = groups.count
                groups.append((words, row.sum))
            }
        }
        return groups.sorted { $0.words.lexicographicallyPrecedes($1.words) }
    }
}

extension UsageRow {
    fileprivate func word(_ axis: UsageFilter.Axis) -> String {
        switch axis {
        case .day: UsageDay(of: day).text
        case .user: user
        case .key: key
        case .persona: persona
        case .model: model
        }
    }
}
