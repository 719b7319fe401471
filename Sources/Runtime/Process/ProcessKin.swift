import Glibc

/// All that came of one start: the process, what descends from it, and what left its group, its session and its parents.
///
/// Kin are known by descent, by a variable in the environment they were started with, by their control group and by
/// their process namespace: what gets out of one is still in another. Whoever is found draws in its own descendants.
public struct ProcessKin: Sendable {
    /// The first of them, if it is known.
    public var root: ProcessIdentity?
    /// A variable whose value ends like this marks them.
    public var mark: (name: String, ending: String)?
    public var group: ControlGroup?

    public init(root: ProcessIdentity? = nil, mark: (name: String, ending: String)? = nil, group: ControlGroup? = nil) {
        self.root = root
        self.mark = mark
        self.group = group
    }

    /// How long they may take to be gone after SIGKILL.
    private static let patience = Duration.seconds(10)

    /// Who is there now; ended ones that wait for their parent do not count, and we are never among them.
    @Loop
    public func members() async throws -> [ProcessEntry] {
        try await BlockingPool.shared.run("the process table") { try living(in: ProcessTable.now()) }
    }

    /// Asks all to end, waits for `grace`, and ends what is left by force until there is nobody. Their control group is
    /// gone then too. Cancellation only cuts the grace short: this never leaves half of them.
    @Loop
    public func end(grace: Duration) async throws {
        if grace > .zero { await ask(grace) }
        try await BlockingPool.shared.settle("the end of processes") { try force() }
    }

    @Loop
    private func ask(_ grace: Duration) async {
        do {
            let asked = try ProcessEnding(try await members().map(\.identity), SIGTERM)
            try await asked.wait(atMost: grace)
        } catch {
            // Who cannot be asked is ended without.
        }
    }

    private func force() throws {
        let end = Instant.clock + ProcessKin.patience
        var groups = Set(group.map { [$0] } ?? [])
        while true {
            let left = try living(in: ProcessTable.now())
            groups.formUnion(left.compactMap { ControlGroups.ours(of: $0.pid, like: group) })
            guard !left.isEmpty else { break }
            guard Instant.clock < end else {
                throw Fault(
                    .unavailable,
                    "\(left.count) processes do not end: \(left.prefix(5).map { "\($0.name) \($0.pid)" }.joined(separator: ", "))",
                    hint: "they wait in the kernel, or belong to a user whom Perigee may not signal")
            }
            for group in groups { group.kill() }
            let handles = left.compactMap { PidHandle.open($0.identity) }
            for handle in handles { handle.signal(SIGKILL) }
            _ = PidHandle.wait(handles, atMost: .milliseconds(200))
        }
        // Those who ended just now may be in it until they are reaped.
        for _ in 0..<50 where !groups.allSatisfy({ $0.remove() }) { usleep(10_000) }
    }

    /// Blocks.
    func living(in table: ProcessTable) -> [ProcessEntry] {
        var found: Set<Int32> = []
        if let root, table[root] != nil { found.insert(root.pid) }
        if let group { found.formUnion(group.members()) }
        for entry in table.entries.values where !entry.hasEnded && isMarked(entry) { found.insert(entry.pid) }
        found = descent(of: found, table)
        let own = ProcFiles.namespace(getpid())
        let spaces = Set(found.compactMap { ProcFiles.namespace($0) }).subtracting(own.map { [$0] } ?? [])
        if !spaces.isEmpty, own != nil {
            for pid in table.entries.keys where ProcFiles.namespace(pid).map({ spaces.contains($0) }) ?? false {
                found.insert(pid)
            }
            found = descent(of: found, table)
        }
        return found.sorted().compactMap { table.entries[$0] }.filter { !$0.hasEnded }
    }

    private func isMarked(_ entry: ProcessEntry) -> Bool {
        guard let mark else { return false }
        return ProcFiles.environment(mark.name, of: entry.pid)?.hasSuffix(mark.ending) ?? false
    }

    /// With all below them, and without us: a mark may be inherited by somebody who starts another Perigee.
    private func descent(of pids: Set<Int32>, _ table: ProcessTable) -> Set<Int32> {
        let safe = pids.subtracting([1, getpid()])
        return safe.union(safe.flatMap { table.descendants(of: $0).map(\.pid) }).subtracting([1, getpid()])
    }
}
