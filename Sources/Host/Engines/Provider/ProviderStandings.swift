import Runtime

/// How each provider does, over all runs and side calls.
@Loop
final class ProviderStandings {
    private var standings: [String: ProviderStanding]

    init(_ providers: Providers) {
        var standings: [String: ProviderStanding] = [:]
        for provider in providers.all {
            let quota = providers.quotas[provider.name].map {
                ProviderQuota(limit: $0.requests, window: .seconds($0.seconds))
            }
            standings[provider.name] = ProviderStanding(quota: quota)
        }
        self.standings = standings
    }

    subscript(_ provider: String) -> ProviderStanding { standings[provider] ?? ProviderStanding() }

    /// Providers that are not asked just now, because they failed again and again.
    var openCount: Int { standings.values.count { $0.breaker.state(at: Loop.now) == .open } }

    /// Makes one call and keeps what it tells about the provider. `body` says when the first token has come.
    func call<Value>(
        _ provider: String, _ body: (_ answered: () -> Void) async throws -> Value
    ) async throws -> Value {
        let began = Instant.clock
        standings[provider, default: ProviderStanding()].began(at: began)
        var hasAnswered = false
        do {
            let value = try await body {
                if hasAnswered { return }
                hasAnswered = true
                standings[provider]?.answered(after: Instant.clock - began)
            }
            standings[provider]?.ended(at: Instant.clock, with: nil)
            return value
        } catch {
            standings[provider]?.ended(at: Instant.clock, with: ProviderStandings.failure(error, of: provider))
            throw error
        }
    }

    /// An answer that is of no use to a run is an answer all the same. Whatever else ends a call is not the provider's.
    private static func failure(_ error: any Error, of provider: String) -> ProviderFailure? {
        if error is RunFailure { return nil }
        return error as? ProviderFailure ?? ProviderFailure(.cancelled, Fault(error).message, provider: provider)
    }
}

extension ProviderStanding {
    /// `host.Candidate`.
    func facts(of choice: Providers.Choice, isAskedFor: Bool, at now: Instant) -> JSONValue {
        let provider = choice.provider
        var facts: JSONObject = [
            "name": .string(provider.name), "type": .string(provider.form.rawValue), "model": .string(choice.model),
            "primary": .bool(isAskedFor), "breaker": .string(breaker.state(at: now).rawValue),
            "in_flight": .integer(Int64(inFlight)),
        ]
        if let wait = breaker.wait(at: now) { facts["retry_in"] = .number(wait.inSeconds) }
        if let quota {
            facts["quota"] = [
                "limit": .integer(Int64(quota.limit)), "used": .integer(Int64(quota.used(at: now))),
                "resets_in": .number(quota.resetsIn(at: now).inSeconds),
            ]
        }
        if let prices = provider.prices {
            facts["input_cost"] = .number(prices.input)
            facts["output_cost"] = .number(prices.output)
        }
        if let latency { facts["latency"] = .number(latency) }
        return .object(facts)
    }
}
