/// A hierarchy of control groups as /proc/self/mountinfo shows it.
struct ControlMount: Equatable {
    /// The group that is seen at the mount point.
    let root: String
    let point: String
    let controllers: Set<String>
    let isUnified: Bool

    static func all(_ mountinfo: String) -> [ControlMount] {
        mountinfo.split(separator: "\n").compactMap { ControlMount(String($0)) }
    }

    /// `36 25 0:31 /root /point options [tags] - type source options`
    init?(_ line: String) {
        let words = line.split(separator: " ").map(String.init)
        guard let dash = words.firstIndex(of: "-"), dash >= 6, words.count > dash + 3 else { return nil }
        isUnified = words[dash + 1] == "cgroup2"
        guard isUnified || words[dash + 1] == "cgroup" else { return nil }
        root = ControlMount.plain(words[3])
        point = ControlMount.plain(words[4])
        controllers = isUnified ? [] : Set(words[dash + 3].split(separator: ",").map(String.init))
    }

    func serves(_ own: OwnControlGroup) -> Bool {
        isUnified ? own.controllers.isEmpty : !own.controllers.isDisjoint(with: controllers)
    }

    /// Where a group is seen here; nil when it lies outside of what is mounted.
    func directory(of own: OwnControlGroup) -> String? {
        if own.path == root || own.path == "/" && root == "/" { return point }
        if root == "/" { return point + own.path }
        guard own.path.hasPrefix("\(root)/") else { return nil }
        return point + own.path.dropFirst(root.count)
    }

    /// Blanks and backslashes are written as octal numbers there.
    private static func plain(_ text: String) -> String {
        text.replacing("\\040", with: " ").replacing("\\011", with: "\t").replacing("\\134", with: "\\")
    }
}

/// A line of /proc/PID/cgroup: `4:memory:/some/group`, or `0::/some/group` in the second version.
struct OwnControlGroup: Equatable {
    /// Empty in the second version.
    let controllers: Set<String>
    let path: String

    static func all(_ text: String) -> [OwnControlGroup] {
        text.split(separator: "\n").compactMap { line in
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3, parts[2].hasPrefix("/") else { return nil }
            // A named hierarchy has no controllers and is somebody else's way to keep order.
            if parts[1].hasPrefix("name=") { return nil }
            return OwnControlGroup(
                controllers: Set(parts[1].split(separator: ",").map(String.init)), path: String(parts[2]))
        }
    }
}
