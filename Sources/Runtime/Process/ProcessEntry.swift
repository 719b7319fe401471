/// Which process is meant, for as long as the machine runs: its number alone will one day be another's.
public struct ProcessIdentity: Sendable, Hashable {
    public let pid: Int32
    /// Clock ticks between boot and its start.
    public let startTime: UInt64
    /// Tells this boot of this machine from others.
    public let bootID: String

    public init(pid: Int32, startTime: UInt64, bootID: String) {
        self.pid = pid
        self.startTime = startTime
        self.bootID = bootID
    }
}

/// One process as /proc shows it.
public struct ProcessEntry: Sendable, Equatable {
    public let identity: ProcessIdentity
    public let parent: Int32
    public let group: Int32
    public let session: Int32
    public let userID: UInt32
    /// R, S, D, Z, T and so on.
    public let state: Character
    /// The kernel's name of it, at most 15 bytes; a program may choose its own.
    public let name: String
    /// Empty for kernel threads and zombies. It may hold secrets: not for logs.
    public let arguments: [String]
    public let residentBytes: Int
    public let cpuTime: Duration
    /// Nil where we may not look.
    public let directory: String?
    /// Seconds since 1970, to a second or so.
    public var started = 0.0

    public var pid: Int32 { identity.pid }
    public var hasEnded: Bool { state == "Z" || state == "X" }
}

/// The fields of /proc/PID/stat that matter.
struct ProcessStat: Equatable {
    let pid: Int32
    let name: String
    let state: Character
    let parent: Int32
    let group: Int32
    let session: Int32
    let cpuTicks: UInt64
    let startTime: UInt64
    let residentPages: Int

    /// The name stands in parentheses and may hold any byte, `)` and line ends too: it ends at the last `)`.
    init?(_ bytes: [UInt8]) {
        guard let open = bytes.firstIndex(of: UInt8(ascii: "(")), let close = bytes.lastIndex(of: UInt8(ascii: ")")),
            open < close, let pid = Int32(String(decoding: bytes[..<open], as: UTF8.self).filter { $0 != " " })
        else { return nil }
        let fields = bytes[(close + 1)...].split { $0 == 0x20 || $0 == 0x0a }.map {
            String(decoding: $0, as: UTF8.self)
        }
        guard fields.count >= 22, let state = fields[0].first, let parent = Int32(fields[1]),
            let group = Int32(fields[2]), let session = Int32(fields[3]), let user = UInt64(fields[11]),
            let system = UInt64(fields[12]), let start = UInt64(fields[19]), let pages = Int(fields[21])
        else { return nil }
        self.pid = pid
        name = String(decoding: bytes[(open + 1)..<close], as: UTF8.self)
        self.state = state
        self.parent = parent
        self.group = group
        self.session = session
        cpuTicks = user &+ system
        startTime = start
        residentPages = pages
    }
}
