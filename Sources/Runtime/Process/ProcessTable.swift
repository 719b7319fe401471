import Glibc

/// All processes of the machine at one moment, and who is whose child.
public struct ProcessTable: Sendable {
    public let entries: [Int32: ProcessEntry]
    private let children: [Int32: [Int32]]

    public init(_ entries: [ProcessEntry]) {
        self.entries = Dictionary(entries.map { ($0.pid, $0) }) { first, _ in first }
        children = Dictionary(grouping: entries.map(\.pid).sorted()) { [byPID = self.entries] in byPID[$0]!.parent }
    }

    /// Reads /proc on a thread of the pool; a few thousand processes take some 50 ms.
    @Loop
    public static func snapshot() async throws -> ProcessTable {
        try await BlockingPool.shared.run("the process table") { try now() }
    }

    static func now() throws -> ProcessTable {
        try ProcessTable(ProcFiles.pids().compactMap { ProcFiles.entry($0) })
    }

    /// This process.
    public static func own() throws -> ProcessIdentity {
        guard let stat = ProcFiles.stat(getpid()) else {
            throw Fault(.unavailable, "/proc does not show this process", hint: "mount /proc")
        }
        return ProcessIdentity(pid: stat.pid, startTime: stat.startTime, bootID: ProcFiles.bootID)
    }

    /// The process itself, if it still is the same one.
    public subscript(identity: ProcessIdentity) -> ProcessEntry? {
        guard let entry = entries[identity.pid], entry.identity == identity else { return nil }
        return entry
    }

    /// The process and everything below it, parents before children.
    public func tree(of pid: Int32) -> [ProcessEntry] {
        var found: [ProcessEntry] = []
        var seen: Set<Int32> = []
        var next = [pid]
        while !next.isEmpty {
            let level = next.filter { seen.insert($0).inserted }
            found += level.compactMap { entries[$0] }
            next = level.flatMap { children[$0] ?? [] }
        }
        return found
    }

    public func descendants(of pid: Int32) -> [ProcessEntry] { Array(tree(of: pid).dropFirst()) }

    public func group(_ group: Int32) -> [ProcessEntry] {
        entries.values.filter { $0.group == group }.sorted { $0.pid < $1.pid }
    }

    /// How many processes and threads a user has. Blocks.
    public static func tasks(ofUser user: UInt32) throws -> Int {
        try ProcFiles.pids().reduce(0) { count, pid in
            guard let status = ProcFiles.read("/proc/\(pid)/status", limit: 8192), ProcFiles.userID(status) == user
            else { return count }
            let line = status.split(separator: 0x0a).first { $0.starts(with: "Threads:".utf8) } ?? []
            return count
                + (Int(String(decoding: line.dropFirst(8).filter { $0 != 0x09 && $0 != 0x20 }, as: UTF8.self)) ?? 1)
        }
    }

    /// Processes that bear a variable, with its value and that of another one. Blocks: it reads the environment of
    /// every process.
    public static func bearers(
        of name: String, with other: String
    ) throws -> [(entry: ProcessEntry, value: String, other: String?)] {
        try ProcFiles.pids().compactMap { pid in
            guard let value = ProcFiles.environment(name, of: pid), let entry = ProcFiles.entry(pid), !entry.hasEnded
            else { return nil }
            let other = ProcFiles.environment(other, of: pid)
            // Its number may have become another's between the two.
            return ProcFiles.stat(pid)?.startTime == entry.identity.startTime
                && ProcFiles.environment(name, of: pid) == value ? (entry, value, other) : nil
        }
    }

    /// The value of a variable in the environment that each process was started with, where it has it and we may look.
    /// This finds what we started even after it left its group and its parent.
    @Loop
    public func environment(_ name: String) async throws -> [ProcessIdentity: String] {
        let identities = entries.values.map(\.identity)
        return try await BlockingPool.shared.run("the environments of processes") {
            var found: [ProcessIdentity: String] = [:]
            for identity in identities {
                guard let value = ProcFiles.environment(name, of: identity.pid) else { continue }
                // Its number may have become another's while we read.
                if ProcFiles.stat(identity.pid)?.startTime == identity.startTime { found[identity] = value }
            }
            return found
        }
    }
}
