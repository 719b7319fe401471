import Glibc

/// A set of processes that the kernel counts and bounds together, in one directory of each hierarchy that serves it.
public struct ControlGroup: Sendable, Hashable {
    public struct Limits: Sendable, Equatable {
        public var memory: Int?
        public var cpus: Double?
        public var processes: Int?

        public init(memory: Int? = nil, cpus: Double? = nil, processes: Int? = nil) {
            self.memory = memory
            self.cpus = cpus
            self.processes = processes
        }
    }

    public let name: String
    /// Who is to be bounded writes its number into `cgroup.procs` of each.
    public let directories: [String]

    // All of these block for a moment: they belong on the pool.

    /// Also those in groups that were made below.
    public func members() -> Set<Int32> {
        Set(directories.flatMap { ControlGroup.tree($0).flatMap { ControlGroup.numbers("\($0)/cgroup.procs") } })
    }

    /// Ends all of them at once, where the kernel can: nobody forks faster than this.
    public func kill() {
        for directory in directories { ControlFile.write("1", to: "\(directory)/cgroup.kill") }
    }

    /// True when it is gone; a group that has members stays.
    @discardableResult
    public func remove() -> Bool {
        for directory in directories.flatMap({ ControlGroup.tree($0).reversed() }) { rmdir(directory) }
        return directories.allSatisfy { access($0, F_OK) != 0 }
    }

    /// What its members hold now, the pages that only cache files included; nil where nothing counts it.
    public var memory: Int? { number("memory.current") ?? number("memory.usage_in_bytes") }

    /// Since it was made, that of ended members included.
    public var cpuTime: Duration? {
        if let microseconds = field("usage_usec", of: "cpu.stat") { return .microseconds(microseconds) }
        return number("cpuacct.usage").map { .nanoseconds($0) }
    }

    /// How many of its members were killed because it was full.
    public var outOfMemoryKills: Int {
        field("oom_kill", of: "memory.events") ?? field("oom_kill", of: "memory.oom_control") ?? 0
    }

    /// Whether its members are held still.
    public var isFrozen: Bool { field("frozen", of: "cgroup.events") == 1 }

    private func number(_ file: String) -> Int? {
        directories.lazy.compactMap { ControlFile.read("\($0)/\(file)").flatMap { Int($0) } }.first
    }

    private func field(_ name: String, of file: String) -> Int? {
        for directory in directories {
            for line in (ControlFile.read("\(directory)/\(file)") ?? "").split(separator: "\n") {
                let words = line.split(separator: " ")
                if words.count == 2, words[0] == name { return Int(words[1]) }
            }
        }
        return nil
    }

    private static func numbers(_ path: String) -> [Int32] {
        (ControlFile.read(path) ?? "").split(separator: "\n").compactMap { Int32($0) }.filter { $0 > 0 }
    }

    /// The directory and those below it, parents first.
    private static func tree(_ path: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var found = [path]
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if Int32(entry.pointee.d_type) == Int32(DT_DIR), name != ".", name != ".." {
                found += tree("\(path)/\(name)")
            }
        }
        return found
    }
}

/// Small files of the kernel, which are written in one piece.
enum ControlFile {
    @discardableResult
    static func write(_ text: String, to path: String) -> Int32 {
        let descriptor = open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        var text = text
        return text.withUTF8 { Glibc.write(descriptor, $0.baseAddress, $0.count) } < 0 ? errno : 0
    }

    static func read(_ path: String) -> String? {
        ProcFiles.read(path, limit: 1 << 20).map { bytes in
            String(decoding: bytes[...(bytes.lastIndex { $0 != 0x0a } ?? -1)], as: UTF8.self)
        }
    }
}
