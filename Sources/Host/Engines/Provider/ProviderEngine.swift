import Runtime

/// Performs runs by asking a model directly: no tools, no session, no files but those that the message bears.
@Loop
final class ProviderEngine: Engine {
    let name = "provider"
    private let providers: Providers
    private let client: ProviderClient
    private let standings: ProviderStandings
    private let sealer: Sealer?

    /// `sealer` opens the keys that runs bring for themselves.
    init(
        _ providers: Providers, _ client: ProviderClient, _ standings: ProviderStandings? = nil, sealer: Sealer? = nil
    ) {
        self.sealer = sealer
        self.providers = providers
        self.client = client
        self.standings = standings ?? ProviderStandings(providers)
    }

    func perform(_ attempt: any RunAttempt) async throws {
        guard attempt.how != .resume else {
            throw RunFailure(
                .agentGone, "a model's answer cannot be taken up again after a restart", hint: "run it again")
        }
        let candidates = try providers.candidates(attempt.run.order.input.model)
        let request = try await ProviderRequest.make(of: attempt.run.order.input)
        let order = try await ProviderRoute(keyed(candidates, attempt.run), standings).order(for: attempt)
        try await ask(order, request, attempt)
    }

    /// The key that the run brings is for the provider that it asks for, and for no other.
    private func keyed(_ candidates: [Providers.Choice], _ run: RunRecord) throws -> [Providers.Choice] {
        guard let text = run.order.input.sealedKey, let sealer, let sealed = Base64.decode(text) else {
            return candidates
        }
        var candidates = candidates
        let bytes = try sealer.open(sealed, for: RunInput.keyPurpose)
        candidates[0].provider.key = Secret(bytes)
        return candidates
    }

    /// One after the other, until one of them has said something: from there on another would say it anew.
    private func ask(_ order: [Providers.Choice], _ request: ModelRequest, _ attempt: any RunAttempt) async throws {
        var failures: [ProviderFailure] = []
        for choice in order {
            let telling = ModelTelling(attempt)
            attempt.note(runner: choice.provider.name, session: nil, message: nil)
            if failures.isEmpty { try await attempt.begins() }
            do {
                var request = request
                request.model = choice.model
                return try await standings.call(choice.provider.name) { [request] answered in
                    let stream = try await client.stream(request, by: choice.provider)
                    defer { stream.cancel() }
                    try await telling.follow(stream, answered)
                }
            } catch let failure as ProviderFailure {
                if failure.kind == .cancelled, Task.isCancelled { throw Fault.cancelled }
                guard failure.concernsProvider, !telling.hasSpoken else { throw RunFailure(failure) }
                failures.append(failure)
                if choice.provider.name != order.last?.provider.name {
                    attempt.report(.notice("\(failure.message); another provider is asked"))
                }
            }
        }
        // The one that was to be tried first counts; what the others said is told with it.
        guard let first = failures.first else { return }
        var failure = RunFailure(first)
        failure.message = failures.map(\.message).joined(separator: "; ")
        throw failure
    }

    /// Nothing outlives the process that asked.
    func remains(of run: RunRecord) async -> RunRemains { RunRemains(isRunnerAlive: false, session: .missing) }
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
