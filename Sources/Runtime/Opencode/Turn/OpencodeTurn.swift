/// One turn of a session as its follower sees it: events and what was read of the session go in, what they mean comes
/// out. It has no clock, socket or wait.
///
/// The prompt is recognised by the ids of its parts, which the client chose; where a server does not keep those, by the
/// message's id if the server told it, else by its text, else as the message that the first answer answers. An own message
/// id is not sent: one that sorts after the server's clock makes the server run for ever.
///
/// Deltas bear no position, so after a gap those of a text that was being written are passed over: its end brings it whole,
/// and what is missing is given then. So nothing is lost or said twice.
public struct OpencodeTurn: Sendable {
    /// What to do about what came in.
    public enum Effect: Sendable, Equatable {
        /// The server has the prompt, as this message.
        case prompted(message: String)
        case text(String, part: String)
        case reasoning(String, part: String)
        /// `parent` is the subtask that called it.
        indirect case tool(OpencodeTool, id: String, parent: String?)
        case todo([OpencodeTodo])
        indirect case ask(OpencodeAsk, tool: OpencodeTool?, isSubtask: Bool)
        /// No longer waits; nil when nobody answered it.
        case settled(ask: String, OpencodeVerdict?, answers: [[String]])
        /// In all, so far.
        case usage(OpencodeUsage)
        case retrying(attempt: Int, message: String, next: Int64)
        case compacting
        /// What was said of a part before does not hold: its text follows under another name.
        case rewritten(part: String)
        case structured(JSONValue)
        /// Read the session, and give what it says to `resync`.
        case read
        /// The event stream lives and tells nothing: connect it again.
        case reconnect
        indirect case ended(Outcome)
    }

    public enum Outcome: Sendable, Equatable {
        /// With the last answer's id and why the model stopped.
        case completed(message: String, finish: String?)
        case failed(OpencodeError)
        /// Somebody stopped it at the server.
        case aborted
        /// The server ended in the middle of it.
        case cut
        /// Neither an event nor a change for so long.
        case stuck(Duration)
        /// The server does not have the prompt.
        case absent
        /// The session was removed.
        case removed
    }

    public struct Limits: Sendable {
        /// Without a sign of life while no tool runs, and while one does.
        public var inactivity: Duration
        public var toolInactivity: Duration
        /// After so long a silence the session is read; the pauses grow eightfold.
        public var check: Duration
        /// What looks like an end in the middle must look so for this long.
        public var doubt: Duration

        public init(
            inactivity: Duration = .seconds(600), toolInactivity: Duration = .seconds(7200),
            check: Duration = .seconds(15), doubt: Duration = .milliseconds(1500)
        ) {
            self.inactivity = inactivity
            self.toolInactivity = toolInactivity
            self.check = check
            self.doubt = doubt
        }
    }

    /// By what the prompt is known again.
    public struct Mark: Sendable {
        public var message: String?
        public var parts: Set<String>
        public var text: String
        /// A message with the same text counts only from then on, in milliseconds on the server's clock.
        public var since: Int64

        public init(message: String? = nil, parts: Set<String> = [], text: String = "", since: Int64 = 0) {
            self.message = message
            self.parts = parts
            self.text = text
            self.since = since
        }
    }

    struct Own { let id: String; let created: Int64 }

    struct Text {
        var sent = ""
        var isReasoning = false
        var isEnded = false
        /// No delta can have been missed.
        var isCertain: Bool
        /// How often it was rewritten.
        var rewrites = 0
    }

    struct Open { let ask: OpencodeAsk; let mark: Int }

    public let session: String
    let limits: Limits
    var wanted: Mark
    var own: Own?
    /// All messages that were told since, without their parts.
    var messages: [String: OpencodeMessage] = [:]
    /// Messages of users whose parts were seen as they came.
    var candidates: Set<String> = []
    var texts: [String: Text] = [:]
    var tools: [String: OpencodeTool] = [:]
    /// Sessions of subtasks, and the call that each belongs to.
    var children: [String: String?] = [:]
    var steps: [String: (message: String, tokens: OpencodeTokens, cost: Double)] = [:]
    var toldUsage = OpencodeUsage()
    var asks: [String: Open] = [:]
    var settled: Set<String> = []
    var status = OpencodeStatus.idle
    var statusMark = 0
    var toldRetry = 0
    var error: OpencodeError?
    /// Somebody refused what the agent wanted, which ends its turn without a last answer.
    var wasRefused = false
    /// Anything of the turn was seen after its prompt.
    var hasBegun = false
    var hasGap = false
    var deafReads = 0
    public internal(set) var isEnded = false
    var isReading = false
    var readDue: Instant?
    var doubtSince: Instant?
    var lastEvent: Instant
    /// An event, or something new in what was read.
    var lastSign: Instant
    var lastRead: Instant
    var pause: Duration
    /// Grows with every event: a reading that began before an event does not undo it.
    public internal(set) var mark = 0

    public init(session: String, wanted: Mark, limits: Limits = Limits(), now: Instant) {
        self.session = session
        self.wanted = wanted
        self.limits = limits
        lastEvent = now
        lastSign = now
        lastRead = now
        pause = limits.check
    }

    /// The user's message, once the server has it.
    public var userMessage: String? { own?.id }
    public var openAsks: [OpencodeAsk] { asks.values.map(\.ask) }
    /// Sessions of subtasks that this turn has begun.
    public var subtasks: [String] { Array(children.keys) }
    /// Events that come now must wait until the session has been read.
    public var isAfterGap: Bool { hasGap }

    /// The server took the prompt, under this id if it told one.
    public mutating func sent(message: String?) {
        if let message { wanted.message = message }
    }

    // MARK: what comes in

    public mutating func take(_ event: OpencodeEvent, now: Instant) -> [Effect] {
        guard !isEnded else { return [] }
        mark += 1
        lastEvent = now
        lastSign = now
        pause = limits.check
        deafReads = 0
        var effects: [Effect] = []
        apply(event.body, now: now, &effects)
        return effects
    }

    /// Events may be missing up to here.
    public mutating func gap(now: Instant) -> [Effect] {
        guard !isEnded else { return [] }
        hasGap = true
        for id in texts.keys where !texts[id]!.isEnded { texts[id]!.isCertain = false }
        lastEvent = now
        return read()
    }

    /// Time has passed.
    public mutating func tick(now: Instant) -> [Effect] {
        guard !isEnded, !isReading else { return [] }
        if let due = readDue, now >= due { return read() }
        // A person may take all the time that they are given.
        if !asks.isEmpty { lastSign = now }
        let silence = now - lastSign
        let isInTool = tools.values.contains { $0.status == .running }
        if silence >= (isInTool ? limits.toolInactivity : limits.inactivity) {
            var effects: [Effect] = []
            end(.stuck(silence), &effects)
            return effects
        }
        return now - max(lastEvent, lastRead) >= pause ? read() : []
    }

    /// The session could not be read just now.
    public mutating func readFailed(now: Instant) {
        isReading = false
        readDue = now + .seconds(1)
    }

    /// Asks for a reading, unless one is under way.
    public mutating func read() -> [Effect] {
        guard !isReading else { return [] }
        isReading = true
        readDue = nil
        return [.read]
    }
}
