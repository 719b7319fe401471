import Runtime

// What goes wrong at the agent, in the words of runs.

extension RunFailure {
    /// Why an answer failed.
    init(_ error: OpencodeError) {
        let (kind, hint) = RunFailure.kind(of: error)
        // Behind the first line of a refusal stand the server's insides.
        let message = error.isRefusal ? error.message.prefix { $0 != "\n" } : error.message[...]
        self.init(
            kind, String(message), hint: hint, retryAfter: error.retryAfter, status: error.status,
            provider: error.provider)
    }

    private static func kind(of error: OpencodeError) -> (Kind, String?) {
        switch error.name {
        case "ProviderAuthError": (.unauthorized, "give opencode a key for this provider")
        case "ContextOverflowError": (.contextOverflow, nil)
        case "MessageOutputLengthError": (.outputLimit, nil)
        case "ContentFilterError": (.contentFiltered, nil)
        case "APIError": (kind(ofStatus: error.status, error.message), nil)
        default: kind(ofWords: error.message)
        }
    }

    private static func kind(ofStatus status: Int?, _ message: String) -> Kind {
        switch status {
        case 401, 403: .unauthorized
        case 429, 529: .rateLimited
        case 404 where message.lowercased().contains("model"): .modelMissing
        default: .providerFailed
        }
    }

    /// Errors that nobody named.
    private static func kind(ofWords message: String) -> (Kind, String?) {
        let words = message.lowercased()
        let has = { (part: String) in words.contains(part) }
        if has("model not found") { return (.modelMissing, "name a model that this opencode has, as provider/model") }
        if has("agent not found") {
            return (
                .agentMissing,
                "name an agent that this opencode has, or see whether it reads the workspace's opencode.json"
            )
        }
        if has("rate limit") || has("too many requests") || has("overloaded") { return (.rateLimited, nil) }
        if has("no space left") || has("enospc") { return (.diskFull, nil) }
        if has("out of memory") || has("enomem") { return (.outOfMemory, nil) }
        return (.agentFailed, nil)
    }

    /// Why a call to the server failed. `.notFound` is a session that a healthy server does not have.
    init(call fault: Fault) {
        let kind: Kind =
            switch fault.kind {
            case .notFound: .sessionMissing
            case .conflict: .sessionBusy
            case .unavailable, .timeout: .agentGone
            default: .agentFailed
            }
        self.init(kind, fault.message, hint: fault.hint)
    }

    /// Why there is no runner for a turn.
    init(start fault: Fault) {
        switch fault.kind {
        // Idle ones make room sooner or later; a disk, or Docker's addresses, do not.
        case .overBudget where fault.isRetryable: self.init(.runnersFull, fault.message, hint: fault.hint)
        case .overBudget, .notFound, .conflict, .invalidInput, .denied, .script:
            self.init(.noRunner, fault.message, hint: fault.hint)
        default: self.init(call: fault)
        }
    }

    /// Why there is no place to work in: the agent has no part in it.
    init(ground fault: Fault) {
        self.init(fault.kind == .timeout ? .timeout : .other, fault.message, hint: fault.hint)
    }

    /// Why a turn ended with its runner.
    init(_ end: RunnerEnd) {
        self.init(
            end.wasOutOfMemory ? .outOfMemory : .agentGone, "the agent's runner ended: \(end.reason)",
            hint: "what it had done by then stays done")
    }

    /// Why a turn ended; nil when it ended well.
    init?(_ outcome: OpencodeTurn.Outcome) {
        switch outcome {
        case .completed(_, "content-filter"):
            self.init(.contentFiltered, "the provider's filter ended the answer")
        case .completed: return nil
        case .failed(let error): self.init(error)
        case .aborted:
            self.init(
                .agentFailed, "the turn was stopped at the agent's server", hint: "somebody else uses the session")
        case .cut:
            self.init(
                .agentGone, "the agent's server ended in the middle of the turn",
                hint: "what it had done by then stays done")
        case .stuck(let silence):
            self.init(
                .timeout, "the agent gave no sign of life for \(Units.describe(silence))",
                hint: "PERIGEE_TURN_INACTIVITY and PERIGEE_TOOL_INACTIVITY say how long it may")
        case .absent: self.init(.agentGone, "the agent's server does not have the prompt")
        case .removed: self.init(.sessionMissing, "the session was removed while the turn ran")
        }
    }
}
