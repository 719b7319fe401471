import Runtime

/// One repository as the server lists it.
struct GitHubRepo: Sendable, Equatable {
    let fullName: String
    let description: String
    let isPrivate: Bool
    let defaultBranch: String

    init?(_ view: JSONView) {
        guard let name = view["full_name"].string else { return nil }
        fullName = name
        description = view["description"].string ?? ""
        isPrivate = view["private"].bool ?? false
        defaultBranch = view["default_branch"].string ?? ""
    }
}

/// A pull request that was opened, or was open already.
struct PullRequest: Sendable, Equatable {
    let number: Int
    let url: String
    let isNew: Bool
}

/// The API of GitHub, or of a server that speaks it.
@Loop
final class GitHub {
    private let client: HTTPClient
    private let api: String
    private let now: @Loop () -> Int64
    private var lists: [String: (until: Int64, repos: [GitHubRepo])] = [:]

    private static let pageSize = 100
    private static let mostPages = 50
    private static let freshness: Int64 = 300_000
    private static let mostLists = 200

    /// `api` is the owner's word, so that it may be anywhere.
    init(_ client: HTTPClient, api: String, now: @escaping @Loop () -> Int64) {
        self.client = client
        var api = api
        while api.hasSuffix("/") { api.removeLast() }
        self.api = api
        self.now = now
    }

    // MARK: repositories

    /// All that the token's user can see, the last pushed first; kept for five minutes.
    func repositories(_ token: Secret, isFresh: Bool = false) async throws -> [GitHubRepo] {
        let name = Hex.encode(SHA256.hash(token.reveal()).prefix(12))
        if !isFresh, let known = lists[name], known.until > now() { return known.repos }
        var repos: [GitHubRepo] = []
        for page in 1...GitHub.mostPages {
            let answer = try await ask(
                .get, "user/repos?per_page=\(GitHub.pageSize)&sort=pushed&page=\(page)", token: token)
            let found = answer.body.elements.compactMap(GitHubRepo.init)
            repos += found
            // Servers that give smaller pages say in a header that there is more.
            let isLast = answer.links.map { !$0.contains("rel=\"next\"") } ?? (found.count < GitHub.pageSize)
            if isLast || found.isEmpty { break }
        }
        if lists.count >= GitHub.mostLists { lists = [:] }
        lists[name] = (now() + GitHub.freshness, repos)
        return repos
    }

    /// Those whose name or description has every word.
    nonisolated static func search(_ repos: [GitHubRepo], _ words: String) -> [GitHubRepo] {
        let wanted = words.lowercased().split(separator: " ")
        return repos.filter { repo in
            let text = "\(repo.fullName) \(repo.description)".lowercased()
            return wanted.allSatisfy { text.contains($0) }
        }
    }

    // MARK: pull requests

    struct PullOrder: Sendable {
        var title: String
        var body = ""
        var head: String
        var base: String
        var isDraft = false
    }

    /// Opens one; that of the same branch, if it is open already, is the answer too.
    func open(_ order: PullOrder, in repo: RepoName, token: Secret) async throws -> PullRequest {
        var body: JSONObject = [
            "title": .string(order.title), "body": .string(order.body), "head": .string(order.head),
            "base": .string(order.base),
        ]
        if order.isDraft { body["draft"] = true }
        do {
            let path = "repos/\(repo.owner)/\(repo.name)/pulls"
            let answer = try await ask(.post, path, token: token, body: .object(body))
            return try pull(answer.body, isNew: true)
        } catch let fault as Fault where fault.kind == .conflict || fault.kind == .invalidInput {
            guard let known = try await openPull(order, in: repo, token: token) else { throw fault }
            return known
        }
    }

    private func openPull(_ order: PullOrder, in repo: RepoName, token: Secret) async throws -> PullRequest? {
        let path = "repos/\(repo.owner)/\(repo.name)/pulls?state=open&head=\(repo.owner):\(order.head)"
        let answer = try await ask(.get, path, token: token)
        let found = answer.body.elements.first { $0["head"]["ref"].string == order.head }
        return try found.map { try pull($0, isNew: false) }
    }

    private func pull(_ view: JSONView, isNew: Bool) throws -> PullRequest {
        guard let number = view["number"].integer, let url = view["html_url"].string else {
            throw Fault(.unavailable, "\(api): the answer names no pull request")
        }
        return PullRequest(number: number, url: url, isNew: isNew)
    }

    // MARK: asking

    private struct Answer {
        let body: JSONView
        let links: String?
    }

    /// What only reads is tried once more when the server has a weak moment.
    private func ask(_ method: Method, _ path: String, token: Secret, body: JSONValue? = nil) async throws -> Answer {
        do {
            return try await askOnce(method, path, token, body)
        } catch let fault as Fault where fault.kind == .unavailable && method == .get {
            try await Loop.sleep(for: .milliseconds(500))
            return try await askOnce(method, path, token, body)
        }
    }

    private func askOnce(_ method: Method, _ path: String, _ token: Secret, _ body: JSONValue?) async throws -> Answer {
        var request = HTTPRequest(method, try WebAddress("\(api)/\(path)"))
        request.headers = [
            "Authorization": "Bearer \(token.reveal())", "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        ]
        if let body {
            request.headers["Content-Type"] = "application/json"
            request.body = .bytes(try JSON.encode(body))
        }
        request.guarding = .open
        request.redirects = 3
        request.bodyLimit = 16 << 20
        request.deadlines = HTTPDeadlines(head: .seconds(20), idle: .seconds(20), total: .seconds(60))
        let answer = try await client.send(request)
        let bytes = try await answer.body.collect(limit: 16 << 20)
        guard 200..<300 ~= answer.status else { throw refusal(answer, bytes) }
        do {
            return Answer(body: try JSON.parse(bytes), links: answer.headers["link"])
        } catch {
            throw Fault(.unavailable, "\(api) answered something that is not JSON")
        }
    }

    private func refusal(_ answer: HTTPAnswer, _ bytes: [UInt8]) -> Fault {
        // What cannot be read says nothing; the status does.
        let view = try? JSON.parse(bytes)
        let errors = view.map { $0["errors"].elements.compactMap { $0["message"].string ?? $0.string } } ?? []
        let words = ([view?["message"].string].compactMap { $0 } + errors).joined(separator: "; ")
        let message = "\(api) answered \(answer.status)\(words.isEmpty ? "" : ": \(words.prefix(500))")"
        let isLimited = answer.headers["x-ratelimit-remaining"] == "0" || answer.headers["retry-after"] != nil
        switch answer.status {
        case 401:
            return Fault(.unauthenticated, message, hint: "GITHUB_TOKEN is no good there, or has expired")
        case 403 where isLimited, 429: return Fault(.overBudget, message, hint: wait(answer.headers))
        case 403: return Fault(.denied, message, hint: "the token may not do this")
        case 404: return Fault(.notFound, message, hint: "there is none of that name, or the token does not see it")
        case 409: return Fault(.conflict, message)
        case 400, 422: return Fault(.invalidInput, message)
        default: return Fault(.unavailable, message)
        }
    }

    private func wait(_ headers: Headers) -> String {
        var seconds = headers["retry-after"].flatMap { Int64($0) }
        if seconds == nil, let reset = headers["x-ratelimit-reset"].flatMap({ Int64($0) }) {
            seconds = max(1, reset - now() / 1000)
        }
        return seconds.map { "its limit is reached; try again in \(Units.describe(.seconds($0)))" }
            ?? "its limit is reached; try again later"
    }
}
