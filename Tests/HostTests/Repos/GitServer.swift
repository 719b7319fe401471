import Runtime
import TestSupport

/// A server of repositories over HTTP: real `git http-backend` behind a check of the password, and the part of GitHub's API
/// that Perigee speaks.
@Loop
final class GitServer {
    let root: String
    private(set) var port = 0
    /// User and password that are let in; nil lets everybody in.
    var login: (user: String, password: String)?
    /// What was asked, as "METHOD /path", and with which authorization.
    private(set) var asked: [(request: String, authorization: String)] = []
    private(set) var pulls: [JSONObject] = []
    /// What the API answers instead of its own answer, one for each request.
    var strange: [Response] = []
    var repositories: [JSONObject] = []
    private var server: Server!

    init(_ root: String, scope: Scope) throws {
        self.root = root
        let router = Router()
        for method in [Runtime.Method.get, .post] {
            router.on(method, "/api/{path...}") { [unowned self] in try await api($0) }
            router.on(method, "/git/{path...}") { [unowned self] in try await backend($0) }
        }
        server = Server(router, settings: ServerSettings(), scope: scope)
        port = try server.listen(host: "127.0.0.1", port: 0)
    }

    var address: String { "http://127.0.0.1:\(port)/git" }
    var api: String { "http://127.0.0.1:\(port)/api" }

    func close() async { await server.drain(grace: .zero) }

    // MARK: git

    private func backend(_ request: Request) async throws -> Response {
        let authorization = request.headers["authorization"] ?? ""
        asked.append(("\(request.method.rawValue) \(request.path)", authorization))
        if let login {
            let wanted = "Basic " + Base64.encode(Array("\(login.user):\(login.password)".utf8))
            guard authorization == wanted else {
                return Response(401, ["WWW-Authenticate": "Basic realm=\"git\""])
            }
        }
        let body = try await request.body.collect(limit: 64 << 20)
        let result = try await Subprocess.run(
            ["git", "http-backend"],
            .init(
                environment: .inherit(
                    ["PATH"],
                    adding: [
                        "GIT_PROJECT_ROOT": root, "GIT_HTTP_EXPORT_ALL": "1", "REQUEST_METHOD": request.method.rawValue,
                        "PATH_INFO": String(request.path.dropFirst(4)),
                        "QUERY_STRING": String(request.rawTarget.drop { $0 != "?" }.dropFirst()),
                        "CONTENT_TYPE": request.headers["content-type"] ?? "",
                        "CONTENT_LENGTH": String(body.count), "REMOTE_USER": "tester",
                        "HTTP_CONTENT_ENCODING": request.headers["content-encoding"] ?? "",
                        "GIT_PROTOCOL": request.headers["git-protocol"] ?? "", "GIT_CONFIG_NOSYSTEM": "1",
                        "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*",
                    ]), input: .bytes(body), output: .collect(64 << 20, .fail)))
        return GitServer.response(result.output)
    }

    /// A CGI answer as a response.
    private static func response(_ bytes: [UInt8]) -> Response {
        var response = Response(200)
        var rest = bytes[...]
        while let end = rest.firstIndex(of: 10) {
            let line = String(decoding: rest[..<end].filter { $0 != 13 }, as: UTF8.self)
            rest = rest[(end + 1)...]
            if line.isEmpty { break }
            let parts = line.split(separator: ":", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { continue }
            let value = String(parts[1].drop { $0 == " " })
            if parts[0] == "Status" {
                response.status = Int(value.prefix(3)) ?? 500
            } else {
                response.headers[parts[0]] = value
            }
        }
        response.body = .bytes(Array(rest))
        return response
    }

    // MARK: GitHub

    private func api(_ request: Request) async throws -> Response {
        asked.append(
            ("\(request.method.rawValue) \(request.rawTarget)", request.headers["authorization"] ?? ""))
        if !strange.isEmpty { return strange.removeFirst() }
        guard request.headers["authorization"] == "Bearer \(login?.password ?? "")" else {
            return .json("{\"message\": \"Bad credentials\"}", status: 401)
        }
        if request.path == "/api/user/repos" {
            let size = Int(request.query["per_page"] ?? "") ?? 30
            let page = Int(request.query["page"] ?? "") ?? 1
            let shown = repositories.dropFirst((page - 1) * size).prefix(size)
            return .json(try JSON.encode(JSONValue.array(shown.map { .object($0) })))
        }
        guard request.path.hasSuffix("/pulls") else { return .json("{\"message\": \"Not Found\"}", status: 404) }
        if request.method == .get { return .json(try JSON.encode(JSONValue.array(pulls.map { .object($0) }))) }
        let body = try JSON.parse(try await request.body.collect())
        let head = body["head"].string ?? ""
        if pulls.contains(where: { $0["head"]?["ref"]?.string == head }) {
            return .json(
                "{\"message\": \"Validation Failed\", \"errors\": [{\"message\": \"A pull request already exists\"}]}",
                status: 422)
        }
        let pull: JSONObject = [
            "number": .integer(Int64(pulls.count + 1)),
            "html_url": .string("https://example.com/pull/\(pulls.count + 1)"),
            "head": ["ref": .string(head)], "title": body["title"].value ?? .null, "base": body["base"].value ?? .null,
        ]
        pulls.append(pull)
        return .json(try JSON.encode(JSONValue.object(pull)), status: 201)
    }
}
