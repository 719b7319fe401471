/// How long a server is waited for, and how much is kept of what it sends.
public struct OpencodeSettings: Sendable {
    /// Of one call, its answer included. The first one for a directory boots it there, which can take a while.
    public var call = Duration.seconds(30)
    public var firstCall = Duration.seconds(60)
    public var probe = Duration.seconds(5)
    /// Of the event stream: from the request to its first event.
    public var connect = Duration.seconds(15)
    /// The longest silence of the event stream; nil takes what fits the server's heartbeat.
    public var silence: Duration?
    /// Between two attempts to connect it again, doubled from the first to the last.
    public var firstDelay = Duration.milliseconds(250)
    public var lastDelay = Duration.seconds(10)
    /// An event stream that nobody follows is closed after this.
    public var linger = Duration.seconds(60)
    /// What a follower may leave unread. Beyond it everything is dropped and the follower is told to read again.
    public var unread = 10_000
    /// One answer, and one event.
    public var answerLimit = 32 << 20
    public var eventLimit = 16 << 20

    public init() {}
}

/// What a server can do, found out once: nobody else compares versions.
public struct OpencodeCapabilities: Sendable, Equatable {
    public let version: String
    public let major: Int
    /// Says that it is alive this often; nil when it does not.
    public var heartbeat: Duration?
    public var hasQuestions = true
    /// Answers to permissions go to a route of the session.
    public var repliesBySession = false
    /// A system prompt can be given with a prompt.
    public var takesSystem = true
    public var takesSchema = true
    public var takesTools = true
    public var takesPartIDs = true
    public var canFork = true

    /// `text` is the version as the server writes it. A server built from its sources has none, and counts as new.
    init(version text: String, major: Int) {
        version = text
        self.major = major
        let numbers = OpencodeCapabilities.numbers(text)
        let isAtLeast = { (other: [Int]) in numbers.isEmpty || !numbers.lexicographicallyPrecedes(other) }
        heartbeat = isAtLeast([1, 2]) ? .seconds(10) : isAtLeast([1, 0, 163]) ? .seconds(30) : nil
        guard major == 1 else {
            takesSystem = false
            takesSchema = false
            takesTools = false
            takesPartIDs = false
            canFork = false
            return
        }
        hasQuestions = isAtLeast([1, 1, 6])
        repliesBySession = !isAtLeast([1, 0, 223])
    }

    /// Two lost heartbeats and a half; generous where there are none.
    var silence: Duration { heartbeat.map { $0 * 5 / 2 + .seconds(3) } ?? .seconds(300) }

    static func numbers(_ version: String) -> [Int] {
        let plain = version.first == "v" ? version.dropFirst() : version[...]
        let parts = plain.prefix { $0 != "-" && $0 != "+" }.split(separator: ".").map { Int($0) }
        guard parts.count >= 2, !parts.contains(nil) else { return [] }
        let numbers = parts.compactMap { $0 }
        return numbers[0] == 0 ? [] : numbers
    }
}
