/// Tells what a provider's error means, from its status, its words and its headers. Without a clock: the moment comes in.
struct ErrorReading {
    let provider: ModelProvider

    private static let longestMessage = 2000

    /// Of an answer with an error status.
    func failure(status: Int, headers: Headers, body: [UInt8], now: Double) -> ProviderFailure {
        // A body that is no JSON is a proxy's page; its status tells what can be told.
        let view = try? JSON.parse(body, limits: .init(bytes: 1 << 20))
        let said = view.map { ErrorWords($0) } ?? ErrorWords()
        let message = said.message.isEmpty ? ErrorReading.plain(body) : said.message
        return failure(
            status: status, said, message, retryAfter: ErrorReading.wait(headers, now: now) ?? said.retryAfter)
    }

    /// Of an error inside a stream, or in an answer that calls itself good.
    func failure(_ view: JSONView) -> ProviderFailure {
        let said = ErrorWords(view)
        return failure(status: said.status, said, said.message, retryAfter: said.retryAfter)
    }

    private func failure(
        status: Int?, _ said: ErrorWords, _ message: String, retryAfter: Double?
    ) -> ProviderFailure {
        let kind = ErrorReading.kind(status: status, said, message.lowercased())
        let text = message.isEmpty ? "it gave no reason" : clean(message)
        let number = status.map { " (status \($0))" } ?? ""
        return ProviderFailure(
            kind, "\(provider.name): \(text)\(number)", provider: provider.name, status: status,
            retryAfter: kind == .rateLimited || kind == .overloaded ? retryAfter : nil, hint: hint(kind, status))
    }

    static func kind(status: Int?, _ said: ErrorWords, _ message: String) -> ProviderFailure.Kind {
        let words = said.words
        func says(_ marks: String...) -> Bool { marks.contains { mark in words.contains { $0.contains(mark) } } }
        func tells(_ marks: String...) -> Bool { marks.contains { message.contains($0) } }

        if says("context_length", "context_window", "request_too_large")
            || tells(
                "context length", "context window", "prompt is too long", "input is too long", "too many tokens",
                "exceeds the context", "exceed context limit", "maximum number of tokens", "reduce the length")
            || status == 413
        {
            return .contextOverflow
        }
        if says("content_filter", "content_policy", "safety", "responsibleai") || tells("content management policy") {
            return .contentFiltered
        }
        if says("rate_limit", "insufficient_quota", "resource_exhausted", "too_many") || status == 429 {
            return .rateLimited
        }
        if says("authentication", "permission", "invalid_api_key", "unauthorized") || [401, 402, 403].contains(status) {
            return .unauthorized
        }
        if says("model_not_found", "deploymentnotfound")
            || (status == 404 || says("not_found")) && message.contains("model")
        {
            return .modelMissing
        }
        if says("overloaded", "unavailable", "server_error", "api_error", "internal") { return .overloaded }
        switch status {
        case 408: return .timeout
        case .some(500...): return .overloaded
        case .some(300..<400), 404, 405: return .misconfigured
        case .some(400...): return .refused
        default: return .broken
        }
    }

    private func hint(_ kind: ProviderFailure.Kind, _ status: Int?) -> String? {
        let prefix = "OZ_PROVIDER_\(provider.name.uppercased())"
        switch kind {
        case .unauthorized: return "check \(prefix)_API_KEY"
        case .modelMissing: return "check \(prefix)_MODEL"
        case .misconfigured: return "check \(prefix)_BASE_URL"
        case .contextOverflow: return "begin a new chat, or send less"
        default: return nil
        }
    }

    /// Services quote the key that they refuse.
    private func clean(_ message: String) -> String {
        var text = message
        if let key = provider.key, !key.isEmpty { text = text.replacing(key.reveal(), with: Redactor.mark) }
        return text.count > ErrorReading.longestMessage ? "\(text.prefix(ErrorReading.longestMessage))…" : text
    }

    private static func plain(_ body: [UInt8]) -> String {
        let text = String(decoding: body.prefix(200), as: UTF8.self)
        return text.hasPrefix("<") ? "" : text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    // MARK: waiting

    private static let longestWait = 86_400.0

    /// `retry-after-ms`, or `Retry-After` as seconds or as a date.
    static func wait(_ headers: Headers, now: Double) -> Double? {
        if let text = headers["retry-after-ms"], let milliseconds = Double(text) { return bounded(milliseconds / 1000) }
        guard let text = headers["retry-after"] else { return nil }
        if let seconds = Double(text) { return bounded(seconds) }
        if let duration = Units.duration(text) { return bounded(duration.inSeconds) }
        return HTTPDate.seconds(text).flatMap { bounded(Double($0) - now) }
    }

    static func bounded(_ seconds: Double) -> Double? {
        seconds.isFinite ? min(max(seconds, 0), longestWait) : nil
    }
}

/// The words of an error object, in any of the forms that are about.
struct ErrorWords {
    var message = ""
    /// Types and codes, small letters.
    var words: [String] = []
    /// A code that is an HTTP status.
    var status: Int?
    var retryAfter: Double?

    init() {}

    init(_ view: JSONView) {
        // Some wrap it, some give a list of one, some the error itself.
        var error = view["error"].exists ? view["error"] : view[0]["error"].exists ? view[0]["error"] : view
        if error.kind == .string {
            message = error.string ?? ""
            error = view
        }
        if message.isEmpty {
            message = error["message"].string ?? error["detail"].string ?? view["message"].string ?? ""
        }
        for name in ["type", "code", "status"] {
            if let word = error[name].string { words.append(word.lowercased()) }
            if let number = error[name].integer, 100...599 ~= number { status = status ?? number }
        }
        if let inner = error["innererror"]["code"].string { words.append(inner.lowercased()) }
        for detail in error["details"].elements {
            if let text = detail["retryDelay"].string, let wait = Units.duration(text) {
                retryAfter = ErrorReading.bounded(wait.inSeconds)
            }
        }
        if let wait = error["metadata"]["retry_after"].number ?? error["retry_after"].number {
            retryAfter = ErrorReading.bounded(wait)
        }
    }
}
