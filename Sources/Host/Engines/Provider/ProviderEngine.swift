import Runtime

/// Performs runs by asking a model directly: no tools, no session, no files but those that the message bears.
@Loop
final class ProviderEngine: Engine {
    let name = "provider"
    private let providers: Providers
    private let client: ProviderClient

    init(_ providers: Providers, _ client: ProviderClient) {
        self.providers = providers
        self.client = client
    }

    func perform(_ attempt: any RunAttempt) async throws {
        let input = attempt.run.order.input
        guard attempt.how != .resume else {
            throw RunFailure(
                .agentGone, "a model's answer cannot be taken up again after a restart", hint: "run it again")
        }
        let choice = try providers.choice(input.model)
        var request = try await ProviderRequest.make(of: input)
        request.model = choice.model
        attempt.note(runner: choice.provider.name, session: nil, message: nil)
        try await attempt.begins()
        do {
            let stream = try await client.stream(request, by: choice.provider)
            defer { stream.cancel() }
            try await follow(stream, attempt)
        } catch let failure as ProviderFailure {
            if failure.kind == .cancelled, Task.isCancelled { throw Fault.cancelled }
            throw RunFailure(failure)
        }
    }

    private func follow(_ stream: ModelStream, _ attempt: any RunAttempt) async throws {
        var parts = PartNames()
        var finish: FinishReason?
        var isEmpty = true
        while let event = try await stream.next() {
            switch event {
            case .text(let text):
                isEmpty = false
                attempt.report(.text(text, part: parts.text()))
            case .reasoning(let text): attempt.report(.reasoning(text, part: parts.reasoning()))
            case .usage(let usage): attempt.report(.usage(Usage(usage)))
            case .finish(let reason): finish = reason
            // It was given no tools, so there is nobody to run one.
            case .toolCall: break
            }
        }
        switch finish {
        case .length:
            throw RunFailure(
                .outputLimit, "\(stream.provider): the answer reached its greatest length",
                hint: "ask for less at once, or raise the provider's MAX_TOKENS", provider: stream.provider)
        case .contentFilter:
            throw RunFailure(
                .contentFiltered, "\(stream.provider): the model declined to answer", provider: stream.provider)
        default:
            guard isEmpty else { return }
            throw RunFailure(.providerFailed, "\(stream.provider): the answer is empty", provider: stream.provider)
        }
    }

    /// Nothing outlives the process that asked.
    func remains(of run: RunRecord) async -> RunRemains { RunRemains(isRunnerAlive: false, session: .missing) }
}

/// Names for the parts of an answer: a new one each time text and reasoning take turns.
struct PartNames {
    private var number = 0
    private var isText: Bool?

    mutating func text() -> String { name(true) }
    mutating func reasoning() -> String { name(false) }

    private mutating func name(_ isText: Bool) -> String {
        if self.isText != isText { number += 1 }
        self.isText = isText
        return "\(isText ? "text" : "reasoning")-\(number)"
    }
}

extension Usage {
    init(_ usage: ModelUsage) {
        self.init(
            input: usage.input, output: usage.output, reasoning: usage.reasoning, cached: usage.cached, cost: usage.cost
        )
    }
}

extension RunFailure {
    init(_ failure: ProviderFailure) {
        let kind: Kind =
            switch failure.kind {
            case .rateLimited: .rateLimited
            case .unauthorized: .unauthorized
            case .contextOverflow: .contextOverflow
            case .contentFiltered: .contentFiltered
            case .modelMissing: .modelMissing
            case .timeout: .timeout
            case .overloaded, .refused, .misconfigured, .broken: .providerFailed
            case .cancelled: .other
            }
        self.init(
            kind, failure.message, hint: failure.hint, retryAfter: failure.retryAfter, status: failure.status,
            provider: failure.provider)
    }
}
