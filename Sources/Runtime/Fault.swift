import Glibc

/// A failure that somebody can act on: what failed, on what, why, and what to try next.
///
/// `kind` decides the HTTP status, the Lua `err.kind`, the exit code and the metric label, so it is a closed set and
/// carries no user data.
public struct Fault: Error, Sendable, Equatable {
    public enum Kind: String, Sendable, CaseIterable {
        case invalidInput = "invalid_input"
        case unauthenticated
        case denied
        case notFound = "not_found"
        case conflict
        case tooLarge = "too_large"
        case overBudget = "over_budget"
        case unavailable
        case timeout
        case cancelled
        case script
        case `internal`
    }

    public let kind: Kind
    public let message: String
    /// What to try next; shown below the message.
    public let hint: String?
    public let isRetryable: Bool

    public init(_ kind: Kind, _ message: String, hint: String? = nil, isRetryable: Bool? = nil) {
        self.kind = kind
        self.message = message
        self.hint = hint
        self.isRetryable = isRetryable ?? kind.isUsuallyRetryable
    }

    /// Any error as a fault: faults pass unchanged, what nobody described is internal.
    public init(_ error: any Error) {
        switch error {
        case let fault as Fault: self = fault
        case is CancellationError: self = .cancelled
        default: self.init(.internal, String(describing: error))
        }
    }

    public static let cancelled = Fault(.cancelled, "the caller no longer waits for this")
}

extension Fault.Kind {
    var isUsuallyRetryable: Bool {
        switch self {
        case .unavailable, .timeout, .overBudget: true
        default: false
        }
    }

    /// The HTTP status of an answer that failed this way.
    public var status: Int {
        switch self {
        case .invalidInput: 400
        case .unauthenticated: 401
        case .denied: 403
        case .notFound: 404
        case .conflict: 409
        case .tooLarge: 413
        case .overBudget: 429
        case .cancelled: 499
        case .script, .internal: 500
        case .unavailable: 503
        case .timeout: 504
        }
    }

    /// The exit code of a command that failed this way (sysexits where one fits).
    public var exitCode: Int32 {
        switch self {
        case .invalidInput: 64
        case .notFound: 66
        case .unavailable: 69
        case .script, .internal: 70
        case .conflict: 73
        case .timeout, .overBudget, .tooLarge: 75
        case .unauthenticated, .denied: 77
        case .cancelled: 130
        }
    }
}

extension Fault: CustomStringConvertible {
    public var description: String { hint.map { "\(message) (\($0))" } ?? message }
}

extension Fault {
    /// What the kernel said about `subject`, with `errno` put into words.
    public static func system(_ call: String, _ subject: String, errno code: Int32, hint: String? = nil) -> Fault {
        Fault(kind(ofErrno: code), "\(call) \(subject): \(String(cString: strerror(code)))", hint: hint)
    }

    private static func kind(ofErrno code: Int32) -> Kind {
        switch code {
        case ENOENT, ESRCH, ENOTDIR: .notFound
        case EACCES, EPERM, EROFS: .denied
        case EEXIST, EADDRINUSE, EBUSY: .conflict
        case EINVAL, ENAMETOOLONG, EISDIR: .invalidInput
        case ETIMEDOUT: .timeout
        case ENOSPC, EMFILE, ENFILE, EDQUOT: .overBudget
        case ECONNREFUSED, ECONNRESET, EPIPE, ENETUNREACH, EHOSTUNREACH, EAGAIN: .unavailable
        default: .internal
        }
    }
}
