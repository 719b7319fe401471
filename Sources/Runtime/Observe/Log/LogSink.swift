import Synchronization

/// What all copies of one log share. When the last is gone, the writer ends after its last line.
final class LogSink: Sendable {
    let queue: LogQueue
    let format: LogFormat
    private let threshold: Atomic<Int>
    @Loop var ambient: (@Loop () -> LogContext?)?

    init(_ queue: LogQueue, _ format: LogFormat, _ level: Log.Level) {
        self.queue = queue
        self.format = format
        threshold = Atomic(level.rank)
    }

    deinit { queue.close() }

    var level: Log.Level { Log.Level.allCases[threshold.load(ordering: .relaxed)] }

    func setLevel(_ level: Log.Level) { threshold.store(level.rank, ordering: .relaxed) }

    func write(_ level: Log.Level, _ message: String, part: String?, _ fields: LogFields) {
        queue.put(format.body(level, message, part: part, context: context, fields))
    }

    /// The task's ids first, then those of a plain handler that has no task, then the span.
    private var context: LogFields {
        var context = LogContext.current.fields
        if LoopExecutor.shared.isCurrent {
            let ambient = Loop.assumeIsolated { self.ambient?() }
            for pair in ambient?.fields.pairs ?? [] where context[pair.key] == nil { context[pair.key] = pair.value }
        }
        if let span = TraceSpan.current, span.context.isSampled {
            context["trace"] = .text(span.context.trace.description)
            context["span"] = .text(span.context.span.description)
        }
        return context
    }
}
