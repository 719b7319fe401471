import Glibc

/// Lines about what happens, for people and for programs. Any thread; never blocks; cheap to copy.
///
/// Redactor are taken out before anything else is done with a line, and nothing that was logged can forge one.
public struct Log: Sendable {
    public enum Level: String, Sendable, CaseIterable, Comparable {
        case debug, info, warning, error

        public static func < (a: Level, b: Level) -> Bool { a.rank < b.rank }
    }

    public enum Format: String, Sendable, CaseIterable {
        /// Text when the descriptor is a terminal, else JSON.
        case auto
        case json, text
    }

    /// What is longer is cut, with a note of how much; what is more is dropped, and counted.
    public struct Limits: Sendable {
        public var message = 4096
        public var value = 2048
        public var fields = 32
        public var line = 16_384
        public var queuedLines = 4096
        public var queuedBytes = 4 << 20

        public init() {}
    }

    let sink: LogSink
    private let part: String?

    /// `coloured` matters for text only; nil means: on a terminal.
    public init(
        to descriptor: Int32 = 2, format: Format = .auto, level: Level = .info, coloured: Bool? = nil,
        secrets: Redactor = Redactor(), limits: Limits = Limits()
    ) {
        let isTerminal = isatty(descriptor) == 1
        let isText = format == .text || (format == .auto && isTerminal)
        let shape = LogFormat(
            style: isText ? .text(coloured: coloured ?? isTerminal) : .json, secrets: secrets, limits: limits)
        sink = LogSink(LogQueue(descriptor, format: shape, limits: limits), shape, level)
        part = nil
    }

    private init(_ sink: LogSink, part: String?) {
        self.sink = sink
        self.part = part
    }

    /// The same log for one part of the house, which its lines name.
    public func part(_ name: String) -> Log { Log(sink, part: name) }

    public var secrets: Redactor { sink.format.secrets }

    public var level: Level { sink.level }

    /// May be changed while it runs.
    public func setLevel(_ level: Level) { sink.setLevel(level) }

    /// Lines that were lost since the start, because nobody took them.
    public var lostLines: Int { sink.queue.lostLines }

    /// Ids that no task carries, asked for each line that is logged on the loop.
    @Loop
    public func setAmbient(_ ambient: @escaping @Loop () -> LogContext?) { sink.ambient = ambient }

    public func debug(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = [:]) {
        write(.debug, message, fields)
    }

    public func info(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = [:]) {
        write(.info, message, fields)
    }

    public func warning(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = [:]) {
        write(.warning, message, fields)
    }

    public func error(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = [:]) {
        write(.error, message, fields)
    }

    /// A failure with what its fault says: kind, message, hint.
    public func error(
        _ message: @autoclosure () -> String, _ error: any Error, _ fields: @autoclosure () -> LogFields = [:]
    ) {
        write(.error, message) {
            let fault = Fault(error)
            var all = fields()
            all["error"] = .text(fault.message)
            all["kind"] = .text(fault.kind.rawValue)
            all["hint"] = fault.hint.map { .text($0) }
            return all
        }
    }

    /// For levels that are known only when it runs.
    public func write(_ level: Level, _ message: () -> String, _ fields: () -> LogFields) {
        guard level >= sink.level else { return }
        sink.write(level, message(), part: part, fields())
    }

    /// Waits until everything so far is written, at most that long: for the end of the program only.
    @discardableResult
    public func flush(atMost limit: Duration = .seconds(2)) -> Bool { sink.queue.flush(atMost: limit) }

    /// Lets the writer finish at `exit` and before a crash ends the process. Once, by the program itself.
    public func surviveExit() { CrashFlush.arm(sink.queue) }
}

extension Log.Level {
    var rank: Int {
        switch self {
        case .debug: 0
        case .info: 1
        case .warning: 2
        case .error: 3
        }
    }
}
