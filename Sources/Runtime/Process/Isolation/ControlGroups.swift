import Glibc

/// Where this process may make control groups: always below its own, so that the bounds it lives under itself hold for
/// what it starts as well.
public struct ControlGroups: Sendable, Equatable {
    /// One place for new groups. The second version has all controllers in one hierarchy, the first had one for each.
    struct Place: Sendable, Equatable {
        let directory: String
        let controllers: Set<String>
        let isUnified: Bool
    }

    let places: [Place]

    private static let wanted: Set<String> = ["memory", "pids", "cpu", "cpuacct"]
    /// What Perigee calls the group that holds only itself, so that its siblings may be bounded.
    static let ownLeaf = "perigee"

    public var boundsMemory: Bool { has("memory") }
    public var boundsProcesses: Bool { has("pids") }
    public var boundsCPU: Bool { has("cpu") }
    public var isUsable: Bool { !places.isEmpty }
    /// Whether the kernel can end a group as one.
    public var killsAtOnce: Bool { places.contains { $0.isUnified } }

    private func has(_ controller: String) -> Bool { places.contains { $0.controllers.contains(controller) } }

    /// What there is without changing anything but an empty group that is made and removed at once. Blocks.
    public static func found() -> ControlGroups { found(moving: false) }

    /// The same, made ready: in the second version a group with members cannot hand controllers down, so where this
    /// process is alone in its group it goes into one of its own below it. Blocks.
    public static func prepared() -> ControlGroups { found(moving: true) }

    private static func found(moving: Bool) -> ControlGroups {
        let mounts = ControlMount.all(
            String(decoding: ProcFiles.read("/proc/self/mountinfo", limit: 1 << 20) ?? [], as: UTF8.self))
        let own = OwnControlGroup.all(
            String(decoding: ProcFiles.read("/proc/self/cgroup", limit: 1 << 16) ?? [], as: UTF8.self))
        let places = mounts.compactMap { mount -> Place? in
            guard let directory = own.first(where: { mount.serves($0) }).flatMap({ mount.directory(of: $0) }) else {
                return nil
            }
            return mount.isUnified ? unified(directory, moving) : separate(directory, mount.controllers)
        }
        return ControlGroups(places: places)
    }

    private static func separate(_ directory: String, _ controllers: Set<String>) -> Place? {
        let useful = controllers.intersection(wanted)
        guard !useful.isEmpty, canMake(in: directory) else { return nil }
        return Place(directory: directory, controllers: useful, isUnified: false)
    }

    private static func unified(_ own: String, _ moving: Bool) -> Place? {
        var directory = own
        if own.hasSuffix("/\(ownLeaf)"), canMake(in: String(own.dropLast(ownLeaf.count + 1))) {
            directory = String(own.dropLast(ownLeaf.count + 1))
        }
        guard canMake(in: directory) else { return nil }
        let useful = words("\(directory)/cgroup.controllers").intersection(wanted)
        var ready = words("\(directory)/cgroup.subtree_control").intersection(useful)
        if ready != useful, access("\(directory)/cgroup.subtree_control", W_OK) == 0 {
            if moving {
                if !enable(useful, directory), isAlone(in: directory) {
                    let leaf = "\(directory)/\(ownLeaf)"
                    mkdir(leaf, 0o755)
                    if ControlFile.write("\(getpid())", to: "\(leaf)/cgroup.procs") == 0 {
                        _ = enable(useful, directory)
                    }
                }
                ready = words("\(directory)/cgroup.subtree_control").intersection(useful)
            } else if isAlone(in: directory) || !directory.hasPrefix(own) || isTop(directory) {
                ready = useful
            }
        }
        return Place(directory: directory, controllers: ready, isUnified: true)
    }

    private static func enable(_ controllers: Set<String>, _ directory: String) -> Bool {
        let line = controllers.sorted().map { "+\($0)" }.joined(separator: " ")
        return ControlFile.write(line, to: "\(directory)/cgroup.subtree_control") == 0
    }

    private static func isAlone(in directory: String) -> Bool {
        ControlFile.read("\(directory)/cgroup.procs").map { $0.split(separator: "\n") == ["\(getpid())"] } ?? false
    }

    /// The group of all groups may hand down controllers though it has members.
    private static func isTop(_ directory: String) -> Bool { access("\(directory)/cgroup.type", F_OK) != 0 }

    private static func words(_ path: String) -> Set<String> {
        Set((ControlFile.read(path) ?? "").split(separator: " ").map(String.init))
    }

    private static func canMake(in directory: String) -> Bool {
        let probe = "\(directory)/perigee-probe-\(Random.token(bytes: 6))"
        guard mkdir(probe, 0o755) == 0 else { return false }
        rmdir(probe)
        return true
    }
}

extension ControlGroups {
    /// Makes a group with its bounds; nil where none can be made. What a controller that is missing would have bounded
    /// is not bounded. Blocks.
    public func make(_ name: String, _ limits: ControlGroup.Limits) throws -> ControlGroup? {
        guard isUsable else { return nil }
        let group = self.group(name)
        do {
            for (place, directory) in zip(places, group.directories) {
                guard mkdir(directory, 0o755) == 0 || errno == EEXIST else {
                    throw Fault.system("make the control group", directory, errno: errno)
                }
                for bound in ControlGroups.bounds(limits, place.controllers, isUnified: place.isUnified) {
                    let path = "\(directory)/\(bound.file)"
                    let code = ControlFile.write(bound.value, to: path)
                    // Kernels may lack accounting of swap.
                    guard code == 0 || (bound.isOptional && code == ENOENT) else {
                        throw Fault.system("write", path, errno: code)
                    }
                }
            }
        } catch {
            group.remove()
            throw error
        }
        return group
    }

    /// One of that name, whether it is there or not.
    public func group(_ name: String) -> ControlGroup {
        ControlGroup(name: name, directories: places.map { "\($0.directory)/\(name)" })
    }

    /// Removes groups of such names that have no members. Blocks.
    public func removeEmpty(named prefix: String, except kept: Set<String>) {
        var names: Set<String> = []
        for place in places {
            guard let directory = opendir(place.directory) else { continue }
            defer { closedir(directory) }
            while let entry = readdir(directory) {
                let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                }
                if name.hasPrefix(prefix), !kept.contains(name) { names.insert(name) }
            }
        }
        for name in names where group(name).members().isEmpty { group(name).remove() }
    }

    /// The group of that name in which a process is, wherever it was made: another Perigee may have lived elsewhere.
    static func ours(of pid: Int32, like known: ControlGroup?) -> ControlGroup? {
        guard let known else { return nil }
        let mounts = ControlMount.all(
            String(decoding: ProcFiles.read("/proc/self/mountinfo", limit: 1 << 20) ?? [], as: UTF8.self))
        let own = OwnControlGroup.all(
            String(decoding: ProcFiles.read("/proc/\(pid)/cgroup", limit: 1 << 16) ?? [], as: UTF8.self))
        let directories = mounts.compactMap { mount in
            own.first { mount.serves($0) }.flatMap { mount.directory(of: $0) }
        }.filter { $0.hasSuffix("/\(known.name)") }
        return directories.isEmpty ? nil : ControlGroup(name: known.name, directories: directories)
    }

    struct Bound: Equatable {
        let file: String
        let value: String
        var isOptional = false
    }

    /// What has to be written where.
    static func bounds(_ limits: ControlGroup.Limits, _ controllers: Set<String>, isUnified: Bool) -> [Bound] {
        var bounds: [Bound] = []
        if let memory = limits.memory, controllers.contains("memory") {
            bounds +=
                isUnified
                ? [
                    Bound(file: "memory.max", value: "\(memory)"),
                    Bound(file: "memory.swap.max", value: "0", isOptional: true),
                ]
                : [
                    Bound(file: "memory.limit_in_bytes", value: "\(memory)"),
                    Bound(file: "memory.memsw.limit_in_bytes", value: "\(memory)", isOptional: true),
                ]
        }
        if let processes = limits.processes, controllers.contains("pids") {
            bounds.append(Bound(file: "pids.max", value: "\(processes)"))
        }
        if let cpus = limits.cpus, controllers.contains("cpu") {
            let quota = max(1000, Int(cpus * 100_000))
            bounds +=
                isUnified
                ? [Bound(file: "cpu.max", value: "\(quota) 100000")]
                : [
                    Bound(file: "cpu.cfs_period_us", value: "100000", isOptional: true),
                    Bound(file: "cpu.cfs_quota_us", value: "\(quota)", isOptional: true),
                ]
        }
        return bounds
    }
}
