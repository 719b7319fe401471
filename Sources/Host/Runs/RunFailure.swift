import Runtime

/// Why a run, or one attempt at it, failed: what `recover` is asked about and clients are told.
struct RunFailure: Error, Sendable, Equatable, Codable {
    enum Kind: String, Sendable, Codable, CaseIterable {
        case rateLimited = "rate_limited"
        case sessionMissing = "session_missing"
        case sessionBusy = "session_busy"
        case agentGone = "agent_gone"
        case agentFailed = "agent_failed"
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
