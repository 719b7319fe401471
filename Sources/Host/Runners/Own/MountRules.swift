import Glibc
import Runtime

/// Which directories of this machine a runner may be given: those below the allowed ones, and never what holds, or is,
/// somebody's workspace or the state of Perigee.
struct MountRules: Sendable {
    /// Directories, and names of volumes.
    let allowed: [String]
    /// The state directory and the root of the workspaces, resolved.
    let guarded: [String]

    /// The mounts of a decision. `hiding` are places in the runner that no mount may cover.
    func allowed(_ given: JSONValue?, hiding: [String]) async throws -> [RunnerMount] {
        guard case .array(let wanted)? = given, !wanted.isEmpty else { return [] }
        return try await BlockingPool.shared.run("mounts of a runner") {
            try wanted.map { try mount($0, hiding) }
        }
    }

    private func mount(_ wanted: JSONValue, _ hiding: [String]) throws -> RunnerMount {
        let (source, target) = (wanted["source"]?.string ?? "", wanted["target"]?.string ?? "")
        let isPlain = target.hasPrefix("/") && !target.split(separator: "/").contains { $0 == ".." || $0 == "." }
        guard isPlain, target != "/", !hiding.contains(where: { MountRules.isBelow($0, target) }) else {
            throw Fault(
                .invalidInput, "the hook runner mounts \"\(source)\" on \"\(target)\", which cannot be",
                hint: "name an absolute path that does not cover the workspace")
        }
        let place = try source.hasPrefix("/") ? directory(source) : volume(source)
        return RunnerMount(source: place, target: target, isReadOnly: wanted["read_only"]?.bool ?? false)
    }

    private func volume(_ name: String) throws -> String {
        guard allowed.contains(name) else { throw refused(name) }
        return name
    }

    /// Without symbolic links, so that what is checked is what is mounted.
    private func directory(_ path: String) throws -> String {
        let real = try MountRules.resolved(path)
        var status = stat()
        guard stat(real, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw Fault(.invalidInput, "the hook runner mounts \(path), which is no directory")
        }
        let roots = try allowed.filter { $0.hasPrefix("/") }.map { try MountRules.resolved($0) }
        guard roots.contains(where: { MountRules.isBelow(real, $0) }) else { throw refused(path) }
        for place in guarded where MountRules.isBelow(real, place) || MountRules.isBelow(place, real) {
            throw Fault(
                .denied, "the hook runner mounts \(path), where other users' things are",
                hint: "nothing that holds \(place), or is in it, can be given to a runner")
        }
        return real
    }

    private func refused(_ source: String) -> Fault {
        Fault(
            .denied, "the hook runner mounts \"\(source)\", which is not allowed",
            hint: "add it, or a directory above it, to RUNNER_ALLOWED_MOUNTS")
    }

    /// The same place counts as below.
    static func isBelow(_ path: String, _ root: String) -> Bool {
        path.split(separator: "/").starts(with: root.split(separator: "/"))
    }

    static func resolved(_ path: String) throws -> String {
        guard let real = realpath(path, nil) else { throw Fault.system("mount", path, errno: errno) }
        defer { free(real) }
        return String(cString: real)
    }
}
