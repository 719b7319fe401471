/// Turns one callback into one `await`: the only bridge from the data plane to tasks.
///
/// The first of result, cancellation and deadline wins; what comes later is ignored. One task waits, once.
@Loop
public final class Waiter<Value> {
    private let subject: String
    private var result: Result<Value, any Error>?
    private var continuation: UnsafeContinuation<Void, Never>?

    /// `subject` completes the sentence "… took longer than its deadline allows".
    public init(_ subject: String) { self.subject = subject }

    public var isFinished: Bool { result != nil }

    public func finish(_ result: Result<Value, any Error>) {
        guard self.result == nil else { return }
        self.result = result
        continuation?.resume()
        continuation = nil
    }

    /// Waits until `finish`, the task's cancellation, or the inherited deadline.
    public func value() async throws -> Value {
        if let result { return try result.get() }
        let timer = Deadline.current.map { deadline in
            let timer = Timer { [weak self] in self?.expire() }
            timer.schedule(at: deadline)
            return timer
        }
        defer { timer?.cancel() }
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                if result == nil { self.continuation = continuation } else { continuation.resume() }
            }
        } onCancel: {
            Loop.soon { self.finish(.failure(Fault.cancelled)) }
        }
        return try result!.get()
    }

    /// Waits for `finish` whatever happens to the task: for clean-up, and for outcomes that must be known, whose end is
    /// certain and near.
    public func settled() async throws -> Value {
        await withUnsafeContinuation { continuation in
            if result == nil { self.continuation = continuation } else { continuation.resume() }
        }
        return try result!.get()
    }

    private func expire() { finish(.failure(overdue)) }

    private var overdue: Fault { Fault(.timeout, "\(subject) took longer than its deadline allows") }
}

extension Loop {
    /// At once when this is the loop thread, else soon.
    nonisolated static func soon(_ work: @escaping @Loop @Sendable () -> Void) {
        if LoopExecutor.shared.isCurrent { assumeIsolated(work) } else { post(work) }
    }
}
