/// Who comes next of the runs that share a number of places. Shares, which are projects of users, take turns; within one it
/// is the order in which they came. It knows neither clock nor store.
struct SharedPlaces {
    let count: Int
    private var queues: [String: [String]] = [:]
    /// Shares of which somebody waits; it is the first one's turn.
    private var turns: [String] = []
    private var waiting: [String: (share: String, bytes: Int)] = [:]
    private(set) var holders: Set<String> = []
    /// Of what is waited with, for bounds.
    private(set) var waitingBytes = 0

    init(count: Int) { self.count = max(1, count) }

    var waitingCount: Int { waiting.count }

    func waitingCount(of share: String) -> Int { queues[share]?.count ?? 0 }

    func holds(_ run: String) -> Bool { holders.contains(run) }

    mutating func enter(_ run: String, share: String, bytes: Int = 0) {
        guard waiting[run] == nil, !holders.contains(run) else { return }
        waiting[run] = (share, bytes)
        waitingBytes += bytes
        if queues[share, default: []].isEmpty { turns.append(share) }
        queues[share, default: []].append(run)
    }

    /// The run that takes a place now; nil when none is free, or nobody waits.
    mutating func next() -> String? {
        guard holders.count < count, let share = turns.first, let run = queues[share]?.first else { return nil }
        turns.removeFirst()
        queues[share]?.removeFirst()
        if queues[share]?.isEmpty == false { turns.append(share) } else { queues[share] = nil }
        forget(run)
        holders.insert(run)
        return run
    }

    /// It has ended, or is not to begin any more. True when a place is free now.
    mutating func leave(_ run: String) -> Bool {
        if holders.remove(run) != nil { return true }
        guard let share = waiting[run]?.share else { return false }
        queues[share]?.removeAll { $0 == run }
        if queues[share]?.isEmpty == true {
            queues[share] = nil
            turns.removeAll { $0 == share }
        }
        forget(run)
        return false
    }

    /// From 1: as if nobody came or went but by taking a place.
    func position(of run: String) -> Int? {
        guard let share = waiting[run]?.share, let before = queues[share]?.firstIndex(of: run),
            let turn = turns.firstIndex(of: share)
        else { return nil }
        var position = before + 1
        for (place, other) in turns.enumerated() where other != share {
            position += min(queues[other]?.count ?? 0, place < turn ? before + 1 : before)
        }
        return position
    }

    /// Who comes next, in order.
    func first(_ number: Int) -> [String] {
        var found: [String] = []
        var round = 0
        while found.count < number {
            let row = turns.compactMap { share in queues[share].flatMap { round < $0.count ? $0[round] : nil } }
            if row.isEmpty { break }
            found += row
            round += 1
        }
        return Array(found.prefix(number))
    }

    private mutating func forget(_ run: String) {
        if let entry = waiting.removeValue(forKey: run) { waitingBytes -= entry.bytes }
    }
}
