/// The conditions of a request for something that has a tag and a time of change (RFC 9110 §13.2.2).
struct Preconditions {
    enum Verdict: Equatable { case proceed, notModified, failed }

    /// Strong, with its quotes.
    let tag: String
    /// Seconds since 1970.
    let modified: Int
    let now: Int

    func judge(_ headers: Headers) -> Verdict {
        if headers.contains("if-match") {
            if !matches(headers.all("if-match"), isWeak: false) { return .failed }
        } else if let since = headers["if-unmodified-since"].flatMap(HTTPDate.seconds), modified > since {
            return .failed
        }
        if headers.contains("if-none-match") {
            return matches(headers.all("if-none-match"), isWeak: true) ? .notModified : .proceed
        }
        if let since = headers["if-modified-since"].flatMap(HTTPDate.seconds), modified <= since {
            return .notModified
        }
        return .proceed
    }

    /// Whether a range of the present content fits what the client has; else it gets all of it.
    func allowsRange(_ headers: Headers) -> Bool {
        guard let condition = headers["if-range"] else { return true }
        if condition.hasPrefix("\"") { return condition == tag }
        // A time of change is only as good as a strong tag when nothing can have changed within its second.
        return HTTPDate.seconds(condition) == modified && modified < now - 1
    }

    /// `W/` makes a tag equal only where weak comparison is asked for.
    private func matches(_ fields: [String], isWeak: Bool) -> Bool {
        for field in fields {
            for candidate in Preconditions.tags(field) {
                if candidate == "*" || candidate == tag { return true }
                if isWeak, candidate.hasPrefix("W/"), candidate.dropFirst(2) == tag { return true }
            }
        }
        return false
    }

    /// The members of a list of tags; a comma may stand within the quotes of one.
    private static func tags(_ field: String) -> [Substring] {
        var tags: [Substring] = []
        var isQuoted = false
        var start = field.startIndex
        for index in field.indices {
            if field[index] == "\"" { isQuoted.toggle() }
            if field[index] == ",", !isQuoted {
                tags.append(field[start..<index].trimmingSpace)
                start = field.index(after: index)
            }
        }
        return tags + [field[start...].trimmingSpace]
    }
}
