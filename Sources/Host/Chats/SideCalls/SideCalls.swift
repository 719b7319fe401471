import Runtime

/// Answers the calls that a chat client makes on its own: titles, tags, follow-ups. They reach a small model, if one is
/// set, and no agent; what goes wrong there is never the client's trouble, because the host can answer all of them.
@Loop
final class SideCalls {
    /// The client waits with the turn itself for some of them.
    nonisolated static let patience = Duration.seconds(15)
    private nonisolated static let maxTokens = 1000

    private let providers: Providers
    private let client: ProviderClient?
    private let standings: ProviderStandings
    /// `provider` or `provider/model`.
    private let small: String?
    private let patience: Duration
    private let log: Log

    init(
        _ providers: Providers, _ client: ProviderClient?, _ standings: ProviderStandings? = nil, small: String?,
        log: Log, patience: Duration = SideCalls.patience
    ) {
        self.standings = standings ?? ProviderStandings(providers)
        self.providers = providers
        self.client = client
        self.small = small.flatMap { $0.isEmpty ? nil : $0 }
        self.log = log
        self.patience = patience
    }

    /// `task`, `by`, `model` and `answer` are what `classify` decided.
    func answer(
        task: String, by: String?, messages: [(role: String, text: String)], model: String? = nil, answer: String? = nil
    ) async -> SideAnswer {
        if let answer { return SideAnswer(text: answer) }
        let prompt = SidePrompt(messages)
        let named = SideTask(rawValue: task) ?? .other
        let task = named == .other ? SideTask.guess(prompt.text) : named
        var usage = Usage()
        if by == "model", let wanted = model ?? small, let client {
            do {
                let said = try await ask(client, wanted, messages)
                usage = said.usage.map { Usage($0) } ?? usage
                if let text = ModelAnswers.read(said.text, for: task) {
                    return SideAnswer(text: text, usage: usage, model: wanted)
                }
                log.info("a small model's answer was of no use", ["task": LogValue(task.rawValue)])
            } catch {
                let failure = RunFailure(error)
                log.warning(
                    "the small model did not answer, Perigee answers by itself: \(failure.message)",
                    ["task": LogValue(task.rawValue), "kind": LogValue(failure.kind.rawValue)])
            }
        }
        return SideAnswer(text: HostAnswers.answer(task, prompt), usage: usage)
    }

    private func ask(
        _ client: ProviderClient, _ wanted: String, _ messages: [(role: String, text: String)]
    ) async throws -> ModelAnswer {
        let choice = try providers.choice(wanted)
        let name = choice.provider.name
        // The client waits meanwhile, so that a provider which is down is not asked at all.
        if let wait = standings[name].breaker.wait(at: Loop.now) {
            throw RunFailure(
                .providerFailed, "\(name) failed again and again; it is asked again in \(Units.describe(wait))",
                provider: name)
        }
        let system = messages.filter { $0.role == "system" || $0.role == "developer" }.map(\.text)
        let turns = messages.filter { $0.role == "user" || $0.role == "assistant" }.map {
            ModelRequest.Message($0.role == "assistant" ? .assistant : .user, $0.text)
        }
        var request = ModelRequest(turns, system: system.isEmpty ? nil : system.joined(separator: "\n\n"))
        request.model = choice.model
        request.maxTokens = SideCalls.maxTokens
        do {
            return try await standings.call(name) { [request, patience] _ in
                try await Deadline.within(patience) { try await client.complete(request, by: choice.provider) }
            }
        } catch let failure as ProviderFailure {
            throw RunFailure(failure)
        }
    }
}

/// What the client is answered.
struct SideAnswer: Sendable, Equatable {
    /// In exactly the form that the client expects.
    var text: String
    var usage = Usage()
    /// Who answered, as `provider/model`; nil for Perigee itself.
    var model: String?
}
