/// What a program may see and change of this machine: its own directories, and the system for reading.
///
/// Everything else is not there at all: no home, no other users' files, no sockets of services, no other processes. It
/// has no capabilities and gets none; it can make no further namespaces.
public struct Sandbox: Sendable, Equatable {
    public struct Bind: Sendable, Equatable {
        public let source: String
        public let target: String
        public let isReadOnly: Bool

        public init(_ source: String, at target: String? = nil, isReadOnly: Bool = false) {
            self.source = source
            self.target = target ?? source
            self.isReadOnly = isReadOnly
        }
    }

    /// Where it starts; one of the binds shows it.
    public var directory: String
    public var binds: [Bind]
    /// With its own it reaches nothing but itself, and nobody reaches it.
    public var sharesNetwork: Bool
    /// Whether it ends with the one who started it. Runners do not: they live on while Perigee starts anew.
    public var diesWithParent: Bool
    /// How much fits into /tmp, and as much again into /dev/shm. It is memory, and counts as such.
    public var temporaryBytes: Int

    public init(
        directory: String, binds: [Bind], sharesNetwork: Bool = true, diesWithParent: Bool = false,
        temporaryBytes: Int = 1 << 30
    ) {
        self.directory = directory
        self.binds = binds
        self.sharesNetwork = sharesNetwork
        self.diesWithParent = diesWithParent
        self.temporaryBytes = temporaryBytes
    }

    /// Whether every sandbox shows this path.
    public static func showsAlways(_ path: String) -> Bool { SystemFiles.shows(path) }

    /// The whole command. It names directories and no secrets: those are in the environment, which goes through.
    public func arguments(_ tool: Bubblewrap, _ command: [String]) -> [String] {
        var words = [tool.path, "--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-uts"]
        words += ["--unshare-cgroup-try", "--hostname", "runner", "--cap-drop", "ALL"]
        if tool.has("--disable-userns") { words.append("--disable-userns") }
        if !sharesNetwork { words.append("--unshare-net") }
        if diesWithParent { words.append("--die-with-parent") }
        words += SystemFiles.arguments
        words += ["--proc", "/proc"]
        for path in tool.maskedPaths { words += ["--ro-bind-try", path, path] }
        words += ["--dev", "/dev"] + memory("/dev/shm", tool) + ["--remount-ro", "/dev"]
        words += memory("/tmp", tool) + ["--symlink", "/tmp", "/var/tmp"]
        // Outer directories first, so that one inside of another is seen.
        for bind in binds.sorted(by: { $0.target < $1.target }) {
            words += [bind.isReadOnly ? "--ro-bind" : "--bind", bind.source, bind.target]
        }
        return words + ["--remount-ro", "/", "--chdir", directory, "--"] + command
    }

    private func memory(_ path: String, _ tool: Bubblewrap) -> [String] {
        let mode = tool.has("--perms") ? ["--perms", "1777"] : []
        return (tool.has("--size") ? mode + ["--size", "\(temporaryBytes)"] : mode) + ["--tmpfs", path]
    }
}
