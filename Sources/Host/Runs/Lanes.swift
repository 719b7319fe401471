/// Who waits for whom: runs of one lane come one after the other, in the order in which they were accepted, and nobody
/// may have more waiting than allowed.
struct Lanes {
    private struct Entry {
        let run: String
        let user: String
        /// It is on the disk.
        var isReady: Bool
    }

    private var lanes: [String: [Entry]] = [:]
    private var laneOf: [String: String] = [:]
    private var waiting: [String: Int] = [:]

    /// Runs of a user that have not been started.
    func waitingCount(of user: String) -> Int { waiting[user] ?? 0 }

    /// Takes its place. A run without a lane has one of its own.
    mutating func enter(_ run: String, lane: String?, user: String) {
        let lane = lane.map { "lane \($0)" } ?? "run \(run)"
        laneOf[run] = lane
        lanes[lane, default: []].append(Entry(run: run, user: user, isReady: false))
        waiting[user, default: 0] += 1
    }

    /// It may begin from now on; true when it is its turn.
    mutating func ready(_ run: String) -> Bool {
        guard let lane = laneOf[run], let place = lanes[lane]?.firstIndex(where: { $0.run == run }) else {
            return false
        }
        lanes[lane]![place].isReady = true
        guard place == 0 else { return false }
        leaveWaiting(lanes[lane]![0])
        return true
    }

    /// It has ended, or will not begin; returns the run whose turn it is now.
    mutating func leave(_ run: String) -> String? {
        guard let lane = laneOf.removeValue(forKey: run), var entries = lanes[lane],
            let place = entries.firstIndex(where: { $0.run == run })
        else { return nil }
        let entry = entries.remove(at: place)
        // The one in front has begun if it was ready; all others wait.
        if place > 0 || !entry.isReady { leaveWaiting(entry) }
        lanes[lane] = entries.isEmpty ? nil : entries
        guard place == 0, let next = entries.first, next.isReady else { return nil }
        leaveWaiting(next)
        return next.run
    }

    private mutating func leaveWaiting(_ entry: Entry) {
        guard let count = waiting[entry.user] else { return }
        waiting[entry.user] = count > 1 ? count - 1 : nil
    }
}
