/// An answer on its way. Drop it, or cancel it, and the connection closes or the program ends.
@Loop
public final class ModelStream {
    typealias Pull = @Loop () async throws -> [ModelEvent]?

    public let provider: String
    private let pull: Pull
    private let stop: @Loop @Sendable () -> Void
    private var ready: [ModelEvent] = []
    private var place = 0
    private var isEnded = false

    /// `pull` gives nil after the last events; `stop` may be called at any time, and more than once.
    init(_ provider: String, pull: @escaping Pull, stop: @escaping @Loop @Sendable () -> Void) {
        self.provider = provider
        self.pull = pull
        self.stop = stop
    }

    deinit {
        let stop = stop
        Loop.soon { stop() }
    }

    /// The next event, or nil after the last. Throws `ProviderFailure`, once.
    public func next() async throws(ProviderFailure) -> ModelEvent? {
        while place == ready.count {
            if isEnded { return nil }
            do {
                guard let events = try await pull() else {
                    isEnded = true
                    return nil
                }
                ready = events
                place = 0
            } catch {
                cancel()
                throw ProviderFailure(error, provider: provider)
            }
        }
        place += 1
        return ready[place - 1]
    }

    /// Nothing comes after this.
    public func cancel() {
        isEnded = true
        ready = []
        place = 0
        stop()
    }

    /// All of it.
    public func collect() async throws(ProviderFailure) -> ModelAnswer {
        var answer = ModelAnswer()
        while let event = try await next() {
            switch event {
            case .text(let text): answer.text += text
            case .reasoning(let text): answer.reasoning += text
            case .toolCall: break
            case .usage(let usage): answer.usage = usage
            case .finish(let reason): answer.finish = reason
            }
        }
        return answer
    }
}
