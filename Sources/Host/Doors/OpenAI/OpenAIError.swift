import Runtime

/// A failure in the form that OpenAI's clients read: `{"error": {message, type, param, code}}`.
struct OpenAIError: Sendable, Equatable {
    let status: Int
    let message: String
    let type: String
    var param: String?
    var code: String?

    init(_ fault: Fault, param: String? = nil) {
        status = fault.kind == .script ? 500 : fault.kind.status
        message = fault.hint.map { "\(fault.message) (\($0))" } ?? fault.message
        type = OpenAIError.type(ofStatus: status)
        self.param = param
        code = OpenAIError.code(fault.kind)
    }

    init(_ failure: RunFailure) {
        let status = OpenAIError.status(of: failure)
        self.status = status
        message = failure.hint.map { "\(failure.message) (\($0))" } ?? failure.message
        type = OpenAIError.type(ofStatus: status)
        code = OpenAIError.code(failure.kind)
    }

    /// What became of the body where that is `param`'s fault.
    static func invalid(_ message: String, param: String?, code: String? = nil) -> OpenAIError {
        var error = OpenAIError(Fault(.invalidInput, message), param: param)
        error.code = code
        return error
    }

    func response(_ headers: Headers = Headers()) -> Response {
        var response = Response.json(text, status: status)
        response.headers = headers
        return response
    }

    /// The object as JSON, also for the middle of a stream.
    var text: [UInt8] {
        var writer = JSONWriter()
        writer.object { $0.object("error") { write(into: &$0) } }
        return writer.finish()
    }

    func write(into error: inout JSONWriter) {
        error.member("message", message)
        error.member("type", type)
        if let param { error.member("param", param) } else { error.member(null: "param") }
        if let code { error.member("code", code) } else { error.member(null: "code") }
    }

    private static func type(ofStatus status: Int) -> String {
        switch status {
        case 401: "authentication_error"
        case 403: "permission_error"
        case 429: "rate_limit_error"
        case 400..<500: "invalid_request_error"
        case 503: "service_unavailable"
        default: "server_error"
        }
    }

    private static func code(_ kind: Fault.Kind) -> String? {
        switch kind {
        case .unauthenticated: "invalid_api_key"
        case .notFound: "not_found"
        case .overBudget: "rate_limit_exceeded"
        case .tooLarge: "request_too_large"
        case .timeout: "timeout"
        default: nil
        }
    }

    private static func code(_ kind: RunFailure.Kind) -> String {
        switch kind {
        case .contextOverflow: "context_length_exceeded"
        case .rateLimited: "rate_limit_exceeded"
        case .contentFiltered: "content_filter"
        case .unauthorized: "invalid_provider_key"
        case .modelMissing: "model_not_found"
        default: kind.rawValue
        }
    }

    /// An unauthorized provider is the owner's matter, not the caller's key: 401 would make clients ask for another.
    private static func status(of failure: RunFailure) -> Int {
        switch failure.kind {
        case .rateLimited: 429
        case .sessionBusy: 409
        case .agentGone, .noRunner, .runnersFull: 503
        case .timeout: 504
        case .contextOverflow, .contentFiltered, .modelMissing: 400
        case .unauthorized, .providerFailed: 502
        case .diskFull: 507
        case .sessionMissing, .agentFailed, .agentMissing, .outputLimit, .outOfMemory, .other: 500
        }
    }
}
