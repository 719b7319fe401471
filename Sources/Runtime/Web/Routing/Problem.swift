extension Response {
    /// A failure as a problem document (RFC 9457): the one shape of errors where no door has its own.
    public static func problem(_ fault: Fault, status: Int? = nil) -> Response {
        let status = status ?? fault.kind.status
        var writer = JSONWriter()
        writer.object { problem in
            problem.member("type", "about:blank")
            problem.member("title", "\(Status.reason(status))")
            problem.member("status", status)
            problem.member("detail", fault.message)
            problem.member("kind", fault.kind.rawValue)
            if let hint = fault.hint { problem.member("hint", hint) }
            if fault.isRetryable { problem.member("retryable", true) }
        }
        var response = Response(status, mediaType: "application/problem+json", body: .bytes(writer.finish()))
        // RFC 9110 §11.6.1: whoever answers 401 says how to do better.
        if status == 401 { response.headers["WWW-Authenticate"] = "Bearer" }
        return response
    }
}
