/// Why a provider did not answer: what tells a wait from a wrong key, whatever the protocol.
public struct ProviderFailure: Error, Sendable, Equatable {
    public enum Kind: String, Sendable, CaseIterable {
        case rateLimited = "rate_limited"
        case unauthorized
        case contextOverflow = "context_overflow"
        /// The service has too much to do, or is down; later it may work.
        case overloaded
        case contentFiltered = "content_filtered"
        case modelMissing = "model_missing"
        /// It does not take what was asked.
        case refused
        case misconfigured
        case timeout
        case cancelled
        /// No connection, an answer that broke off, or one that makes no sense.
        case broken
    }

    public let kind: Kind
    public let message: String
    public let provider: String
    /// Of its answer; nil when there was none, or the error came inside a stream.
    public let status: Int?
    /// Seconds that it asked to wait.
    public let retryAfter: Double?
    public let hint: String?

    public init(
        _ kind: Kind, _ message: String, provider: String, status: Int? = nil, retryAfter: Double? = nil,
        hint: String? = nil
    ) {
        self.kind = kind
        self.message = message
        self.provider = provider
        self.status = status
        self.retryAfter = retryAfter
        self.hint = hint
    }

    /// What happened on the way to it.
    init(_ error: any Error, provider: String) {
        if let failure = error as? ProviderFailure {
            self = failure
            return
        }
        let fault = Fault(error)
        let kind: Kind =
            switch fault.kind {
            case .timeout: .timeout
            case .cancelled: .cancelled
            case .invalidInput, .denied: .misconfigured
            case .tooLarge: .refused
            default: .broken
            }
        self.init(kind, "\(provider): \(fault.message)", provider: provider, hint: fault.hint)
    }
}

extension ProviderFailure {
    /// For callers that know no providers.
    public var fault: Fault {
        let kind: Fault.Kind =
            switch kind {
            case .rateLimited: .overBudget
            case .unauthorized: .denied
            case .contextOverflow: .tooLarge
            case .overloaded, .broken: .unavailable
            case .contentFiltered, .refused, .misconfigured: .invalidInput
            case .modelMissing: .notFound
            case .timeout: .timeout
            case .cancelled: .cancelled
            }
        return Fault(kind, message, hint: hint)
    }
}
