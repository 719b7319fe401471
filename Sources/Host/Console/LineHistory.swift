/// Lines that were entered before, and the place in them while the arrow keys go through them.
struct LineHistory: Equatable {
    static let limit = 1000

    /// Oldest first.
    private(set) var entries: [String]
    private var place: Int?
    /// What was being typed when the first arrow came.
    private var draft = ""

    init(_ entries: [String] = []) { self.entries = Array(entries.suffix(LineHistory.limit)) }

    /// Blank lines, and the same again, are not worth a place.
    mutating func add(_ entry: String) {
        guard entry.contains(where: { !$0.isWhitespace }), entry != entries.last else { return }
        entries.append(entry)
        if entries.count > LineHistory.limit { entries.removeFirst(entries.count - LineHistory.limit) }
    }

    mutating func leave() {
        place = nil
        draft = ""
    }

    mutating func older(than current: String) -> String? {
        let next = (place ?? entries.count) - 1
        guard next >= 0 else { return nil }
        if place == nil { draft = current }
        place = next
        return entries[next]
    }

    mutating func newer() -> String? {
        guard let place else { return nil }
        guard place + 1 < entries.count else {
            defer { leave() }
            return draft
        }
        self.place = place + 1
        return entries[place + 1]
    }

    /// The newest entry with that text in it, older than `limit` if there is one.
    func index(of query: String, before limit: Int?) -> Int? {
        guard !query.isEmpty else { return nil }
        return entries[..<(limit ?? entries.count)].lastIndex { $0.contains(query) }
    }
}
