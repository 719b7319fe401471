import Runtime

/// Has the hook `route_provider` say which providers a run tries, and waits as long as it says.
@Loop
struct ProviderRoute {
    private let candidates: [Providers.Choice]
    private let standings: ProviderStandings

    init(_ candidates: [Providers.Choice], _ standings: ProviderStandings) {
        self.candidates = candidates
        self.standings = standings
    }

    /// The first to try first; never empty.
    func order(for attempt: any RunAttempt) async throws -> [Providers.Choice] {
        while true {
            let decision = try await attempt.decide("route_provider", [RunFacts.run(attempt.run), facts])
            // Nobody decides: as they stand.
            guard decision.value != nil else { return candidates }
            if case .array(let names)? = decision["order"], !names.isEmpty { return try chosen(names) }
            let wait = max(decision.duration("wait") ?? .seconds(5), .milliseconds(100))
            try await attempt.waits(wait, decision.reason ?? "no provider can be asked just now")
        }
    }

    private var facts: JSONValue {
        let now = Loop.now
        return .array(
            candidates.enumerated().map { place, choice in
                standings[choice.provider.name].facts(of: choice, isAskedFor: place == 0, at: now)
            })
    }

    /// A name that is given twice is tried once.
    private func chosen(_ names: [JSONValue]) throws -> [Providers.Choice] {
        var order: [Providers.Choice] = []
        for name in names.compactMap(\.string) where !order.contains(where: { $0.provider.name == name }) {
            guard let choice = candidates.first(where: { $0.provider.name == name }) else {
                let known = candidates.map(\.provider.name)
                throw RunFailure.script(
                    "route_provider",
                    Fault(
                        .script, "it names \"\(name)\", which is none of the candidates",
                        hint: "they are \(known.joined(separator: ", "))"))
            }
            order.append(choice)
        }
        return order
    }
}
