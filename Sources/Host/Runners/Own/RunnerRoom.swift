/// How many runners there may be, and who goes when another one needs a place.
struct RunnerRoom: Sendable, Equatable {
    /// In all, and of one workspace.
    var most: Int
    var mostOfOne: Int

    /// One that has a place.
    struct Holder: Equatable {
        let name: String
        let workspace: String
        /// Nobody is on it, so that it may be asked to leave.
        let isIdle: Bool
        /// It gives its place back soon.
        let isLeaving: Bool
        /// When somebody was on it last.
        let lastUsed: Int64
    }

    enum Verdict: Equatable {
        case enter
        /// When this one has left.
        case afterStopping(String)
        /// For one that leaves already.
        case afterLeaving
        /// All that could leave are at work. `isFull` when nobody else gets in either.
        case wait(isFull: Bool)
    }

    /// Idle ones make room, the one that was used longest ago first. `awaited` are those who wait for ones that leave
    /// already, by their workspaces: each of them needs a place of its own.
    func verdict(for workspace: String, among holders: [Holder], awaited: [String] = []) -> Verdict {
        let own = holders.filter { $0.workspace == workspace }
        if own.count >= mostOfOne {
            return make(own, awaited: awaited.count { $0 == workspace }, isFull: false)
        }
        return holders.count >= most ? make(holders, awaited: awaited.count, isFull: true) : .enter
    }

    private func make(_ holders: [Holder], awaited: Int, isFull: Bool) -> Verdict {
        if holders.count(where: \.isLeaving) > awaited { return .afterLeaving }
        let oldest = holders.filter(\.isIdle).min { ($0.lastUsed, $0.name) < ($1.lastUsed, $1.name) }
        return oldest.map { .afterStopping($0.name) } ?? .wait(isFull: isFull)
    }
}
