import Runtime

/// Why a run, or one attempt at it, failed: what `recover` is asked about and clients are told.
struct RunFailure: Error, Sendable, Equatable, Codable {
    enum Kind: String, Sendable, Codable, CaseIterable {
        case rateLimited = "rate_limited"
        case sessionMissing = "session_missing"
        case sessionBusy = "session_busy"
        case agentGone = "agent_gone"
        case agentFailed = "agent_failed"
        /// None can be started, and the same again would not help.
        case noRunner = "no_runner"
        /// All that may be up are at work for others.
        case runnersFull = "runners_full"
        /// The engine knows no agent of that name.
        case agentMissing = "agent_missing"
        case contextOverflow = "context_overflow"
        case outputLimit = "output_limit"
        case contentFiltered = "content_filtered"
        case unauthorized
        case modelMissing = "model_missing"
        case providerFailed = "provider_failed"
        case timeout
        case outOfMemory = "out_of_memory"
        case diskFull = "disk_full"
        case other
    }

    var kind: Kind
    var message: String
    var hint: String?
    /// Seconds that the other side asked to wait.
    var retryAfter: Double?
    /// The HTTP status of the other side.
    var status: Int?
    var provider: String?
    /// The hook that is to blame, when it was a script that failed.
    var hook: String?

    private enum CodingKeys: String, CodingKey {
        case kind, message, hint, status, provider, hook
        case retryAfter = "retry_after"
    }

    init(
        _ kind: Kind, _ message: String, hint: String? = nil, retryAfter: Double? = nil, status: Int? = nil,
        provider: String? = nil
    ) {
        self.kind = kind
        self.message = message
        self.hint = hint
        self.retryAfter = retryAfter
        self.status = status
        self.provider = provider
    }

    /// What nobody described more closely.
    init(_ error: any Error) {
        if let failure = error as? RunFailure {
            self = failure
        } else {
            let fault = Fault(error)
            self.init(fault.kind == .timeout ? .timeout : .other, fault.message, hint: fault.hint)
        }
    }
}

extension RunFailure {
    /// A hook that does not work ends the run: an owner's rule must not be passed over in silence.
    static func script(_ hook: String, _ error: any Error) -> RunFailure {
        let fault = Fault(error)
        var failure = RunFailure(.other, "the hook `\(hook)` failed: \(fault.message)", hint: fault.hint)
        failure.hook = hook
        return failure
    }

    /// The nearest kind of the house, for statuses, error objects and scripts.
    var faultKind: Fault.Kind {
        if hook != nil { return .script }
        return switch kind {
        case .rateLimited, .runnersFull: .overBudget
        case .sessionMissing, .agentMissing, .modelMissing: .notFound
        case .sessionBusy: .conflict
        case .contextOverflow, .outputLimit: .tooLarge
        case .contentFiltered: .denied
        case .unauthorized: .unauthenticated
        case .timeout: .timeout
        case .agentGone, .agentFailed, .noRunner, .providerFailed, .outOfMemory, .diskFull: .unavailable
        case .other: .internal
        }
    }

    var fault: Fault { Fault(faultKind, message, hint: hint) }
}
