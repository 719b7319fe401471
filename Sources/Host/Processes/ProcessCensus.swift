import Glibc
import Runtime

/// What runs on this machine because of us, put in order from what was read of /proc. It reads nothing itself.
///
/// Ours is what descends from this process, what bears the mark of this state directory, and what descends from that.
struct ProcessCensus {
    enum Role: String, Sendable { case perigee, helper, runner }

    struct Own: Sendable {
        let entry: ProcessEntry
        let role: Role
        /// Of a runner's process.
        var mark: RunnerMark?
        /// The first process of its start.
        var isFirst = false
        /// Why nobody needs it; nil for one that somebody does.
        var orphaned: String?
    }

    struct Bearer: Sendable {
        let entry: ProcessEntry
        let mark: RunnerMark
        let isFirst: Bool
    }

    /// By number.
    let processes: [Own]

    /// `standings` tells of each start, by its token, what the book of runners says; what it does not tell of has just begun.
    init(
        _ table: ProcessTable, bearers: [Bearer], self own: ProcessIdentity, owner: String,
        standings: [String: RunnerFinding.Standing]
    ) {
        var found: [Int32: Own] = [:]
        for entry in table.tree(of: own.pid) where !entry.hasEnded {
            found[entry.pid] = Own(entry: entry, role: entry.pid == own.pid ? .perigee : .helper)
        }
        let ours = bearers.filter { $0.mark.owner == owner && $0.entry.pid != own.pid }
        let whole = Set(ours.filter(\.isFirst).map(\.mark.token))
        for bearer in ours {
            let orphaned = ProcessCensus.reason(
                standings[bearer.mark.token], isWhole: whole.contains(bearer.mark.token))
            for entry in table.tree(of: bearer.entry.pid) where !entry.hasEnded && entry.pid != own.pid {
                let isItself = entry.pid == bearer.entry.pid
                guard isItself ? entry.identity == bearer.entry.identity : found[entry.pid]?.mark == nil else {
                    continue
                }
                found[entry.pid] = Own(
                    entry: entry, role: .runner, mark: bearer.mark, isFirst: isItself && bearer.isFirst,
                    orphaned: orphaned)
            }
        }
        processes = found.values.sorted { $0.entry.pid < $1.entry.pid }
    }

    private static func reason(_ standing: RunnerFinding.Standing?, isWhole: Bool) -> String? {
        switch standing {
        case .orphan: "this Perigee started it, and its book of runners does not have that start any more"
        case .known where !isWhole: "the first process of its runner has ended"
        case .known, .foreign, nil: nil
        }
    }

    subscript(pid: Int32) -> Own? { processes.first { $0.entry.pid == pid } }
}
