import Runtime

/// Tells a model's answer as events of a run.
@Loop
final class ModelTelling {
    private let attempt: any RunAttempt
    private var parts = PartNames()
    private var finish: FinishReason?
    private var hasText = false
    /// Anything of it has been told, thoughts included.
    private(set) var hasSpoken = false

    init(_ attempt: any RunAttempt) { self.attempt = attempt }

    /// `answered` is called at the first token.
    func follow(_ stream: ModelStream, _ answered: () -> Void) async throws {
        while let event = try await stream.next() {
            switch event {
            case .text(let text):
                hasText = true
                spoke(answered)
                attempt.report(.text(text, part: parts.text()))
            case .reasoning(let text):
                spoke(answered)
                attempt.report(.reasoning(text, part: parts.reasoning()))
            case .usage(let usage): attempt.report(.usage(Usage(usage)))
            case .finish(let reason): finish = reason
            // It was given no tools, so there is nobody to run one.
            case .toolCall: break
            }
        }
        try end(stream.provider)
    }

    private func spoke(_ answered: () -> Void) {
        if !hasSpoken { answered() }
        hasSpoken = true
    }

    private func end(_ provider: String) throws {
        switch finish {
        case .length where hasText: attempt.report(.cut("The answer was cut at the model's output limit."))
        case .length:
            throw RunFailure(
                .outputLimit, "\(provider): the answer reached its greatest length before it said anything",
                hint: "ask for less at once, or raise the provider's MAX_TOKENS", provider: provider)
        case .contentFilter:
            throw RunFailure(.contentFiltered, "\(provider): the model declined to answer", provider: provider)
        default:
            guard !hasText else { return }
            throw ProviderFailure(.broken, "\(provider): the answer is empty", provider: provider)
        }
    }
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
