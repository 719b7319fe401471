import Glibc

/// Blocking reads of /proc. Whatever vanishes or cannot be parsed meanwhile is nil.
enum ProcFiles {
    static let bootID: String = {
        let bytes = read("/proc/sys/kernel/random/boot_id", limit: 64) ?? []
        return String(decoding: bytes.prefix { $0 != 0x0a }, as: UTF8.self)
    }()

    /// Seconds since 1970.
    private static let bootTime: Double = {
        let lines = (read("/proc/stat", limit: 1 << 20) ?? []).split(separator: 0x0a)
        let line = lines.first { $0.starts(with: "btime ".utf8) } ?? []
        return Double(String(decoding: line.dropFirst(6), as: UTF8.self)) ?? 0
    }()

    private static let ticksPerSecond = max(1, Int64(sysconf(Int32(_SC_CLK_TCK))))
    private static let pageSize = max(1, Int(sysconf(Int32(_SC_PAGESIZE))))

    static func pids() throws -> [Int32] {
        guard let directory = opendir("/proc") else { throw Fault.system("list", "/proc", errno: errno) }
        defer { closedir(directory) }
        var pids: [Int32] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if let pid = Int32(name), pid > 0 { pids.append(pid) }
        }
        return pids
    }

    /// Whether anybody is left in a group who is not a zombie. True when /proc cannot be read.
    static func hasLiving(group: Int32) -> Bool {
        // Not knowing is no reason to think that all have ended.
        guard let pids = try? pids() else { return true }
        return pids.contains { pid in
            stat(pid).map { $0.group == group && $0.state != "Z" && $0.state != "X" } ?? false
        }
    }

    static func stat(_ pid: Int32) -> ProcessStat? {
        read("/proc/\(pid)/stat", limit: 4096).flatMap { ProcessStat($0) }
    }

    /// Everything about one process, from five reads.
    static func entry(_ pid: Int32) -> ProcessEntry? {
        guard let stat = stat(pid), let status = read("/proc/\(pid)/status", limit: 8192),
            let userID = userID(status)
        else { return nil }
        let arguments = read("/proc/\(pid)/cmdline", limit: 64 << 10) ?? []
        return ProcessEntry(
            identity: ProcessIdentity(pid: pid, startTime: stat.startTime, bootID: bootID),
            parent: stat.parent, group: stat.group, session: stat.session, userID: userID, state: stat.state,
            name: stat.name, arguments: texts(arguments), residentBytes: stat.residentPages * pageSize,
            cpuTime: .milliseconds(Int64(clamping: stat.cpuTicks) * 1000 / ticksPerSecond),
            directory: link("/proc/\(pid)/cwd"),
            started: bootTime + Double(stat.startTime) / Double(ticksPerSecond))
    }

    /// The value of a variable that the process was started with.
    static func environment(_ name: String, of pid: Int32) -> String? {
        let prefix = Array("\(name)=".utf8)
        for variable in (read("/proc/\(pid)/environ", limit: 1 << 20) ?? []).split(separator: 0)
        where variable.starts(with: prefix) {
            return String(decoding: variable.dropFirst(prefix.count), as: UTF8.self)
        }
        return nil
    }

    /// Which process namespace it is in; nil where we may not look.
    static func namespace(_ pid: Int32) -> String? { link("/proc/\(pid)/ns/pid") }

    static func userID(_ status: [UInt8]) -> UInt32? {
        for line in status.split(separator: 0x0a) where line.starts(with: "Uid:".utf8) {
            let numbers = line.dropFirst(4).split { $0 == 0x09 || $0 == 0x20 }
            return numbers.first.flatMap { UInt32(String(decoding: $0, as: UTF8.self)) }
        }
        return nil
    }

    private static func texts(_ bytes: [UInt8]) -> [String] {
        var parts = bytes.split(separator: 0, omittingEmptySubsequences: false)
        if bytes.last == 0 || bytes.isEmpty { parts.removeLast() }
        return parts.map { String(decoding: $0, as: UTF8.self) }
    }

    private static func link(_ path: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = readlink(path, &buffer, buffer.count)
        return count < 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
    }

    static func read(_ path: String, limit: Int) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            while count < limit {
                let got = Glibc.read(descriptor, buffer.baseAddress! + count, limit - count)
                guard got > 0 else { break }
                count += got
            }
        }
    }
}
