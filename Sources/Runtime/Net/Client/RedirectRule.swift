/// What a redirect means for the next request; the rules are those of fetch.
enum RedirectRule {
    enum Decision {
        /// The answer is the caller's.
        case answer
        case follow(HTTPRequest)
        case refuse(Fault)
    }

    static func decide(
        _ request: HTTPRequest, status: Int, location: [String], hops: Int, limit: Int
    ) -> Decision {
        guard limit > 0, [301, 302, 303, 307, 308].contains(status), let reference = location.first else {
            return .answer
        }
        guard hops < limit else {
            return .refuse(fault(request, "more than \(limit) redirects", .unavailable))
        }
        guard Set(location).count == 1 else {
            return .refuse(fault(request, "a redirect to two places at once", .unavailable))
        }
        var next = request
        do {
            next.address = try request.address.resolving(reference)
        } catch {
            return .refuse(fault(request, "a redirect to where nobody can go: \(Fault(error).message)", .unavailable))
        }
        if request.address.scheme == .https && next.address.scheme != .https || next.address.scheme == .ws
            || next.address.scheme == .wss
        {
            return .refuse(fault(request, "a redirect from https to \(next.address.scheme.rawValue)", .denied))
        }
        return follow(request, next, status)
    }

    private static func follow(_ request: HTTPRequest, _ next: HTTPRequest, _ status: Int) -> Decision {
        var next = next
        if next.address.origin != request.address.origin {
            if request.unixPath != nil {
                return .refuse(fault(request, "a redirect away from the socket it was sent to", .denied))
            }
            for name in ["authorization", "cookie", "proxy-authorization", "host"] { next.headers.remove(name) }
        }
        let becomesGet =
            status == 303 && request.method != .head || [301, 302].contains(status) && request.method == .post
        if becomesGet {
            next.method = .get
            next.body = .none
            for (name, _) in request.headers where name.lowercased().hasPrefix("content-") { next.headers.remove(name) }
        } else if request.body.isStream {
            return .refuse(fault(request, "a redirect of a body that was streamed and cannot be sent again", .conflict))
        }
        return .follow(next)
    }

    private static func fault(_ request: HTTPRequest, _ why: String, _ kind: Fault.Kind) -> Fault {
        Fault(kind, "\(request.subject): \(why)", isRetryable: false)
    }
}
