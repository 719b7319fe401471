import Glibc
import Runtime

/// How a command speaks to the server that runs on the same state: HTTP over its Unix socket.
@Loop
struct ServerLink {
    /// Where the server is asked, for people.
    let path: String
    private let client: HTTPClient

    /// A fault that says so when the settings turn the socket off.
    init(_ settings: Settings) throws {
        guard case .at(let path, _) = settings.socket else {
            throw Fault(
                .unavailable, "PERIGEE_SOCKET is off or too long, and without it no command reaches the server",
                hint: "set PERIGEE_SOCKET to a short absolute path, for the server and for this command",
                isRetryable: false)
        }
        self.path = path
        client = HTTPClient()
    }

    /// The JSON that is answered; a problem document becomes the fault that it was made from.
    func get(_ path: String) async throws -> JSONValue { try await ask(.get, path, []) }

    /// What is answered as text.
    func text(_ path: String) async throws -> String {
        String(decoding: try await bytes(.get, path, []), as: UTF8.self)
    }

    /// `body` is JSON.
    func post(_ path: String, _ body: [UInt8] = []) async throws -> JSONValue { try await ask(.post, path, body) }

    /// The caller closes it.
    func webSocket(_ path: String) async throws -> WebSocket {
        do {
            return try await client.webSocket(to: try address(path), unixPath: self.path, guarding: .open)
        } catch {
            throw explained(Fault(error))
        }
    }

    func close() async { await client.close() }

    func put(_ path: String, _ body: JSONValue) async throws -> JSONValue {
        try await ask(.put, path, try JSON.encode(body))
    }

    /// Which scripts serve then, and in `failure` why newer ones do not.
    func reloadScripts() async throws -> JSONValue { try await ask(.post, "/mgmt/scripts/reload", [], accepting: 422) }

    /// `accepting` is a status of failure whose body is no problem document but the answer.
    private func ask(
        _ method: Method, _ path: String, _ body: [UInt8], accepting: Int? = nil
    ) async throws -> JSONValue {
        let bytes = try await bytes(method, path, body, accepting: accepting)
        return bytes.isEmpty ? .null : try JSON.parse(bytes).value ?? .null
    }

    private func bytes(
        _ method: Method, _ path: String, _ body: [UInt8], accepting: Int? = nil
    ) async throws -> [UInt8] {
        var request = HTTPRequest(method, try address(path), headers: ["Accept": "application/json"])
        if method != .get {
            request.body = .bytes(body)
            request.headers.add("Content-Type", "application/json")
        }
        request.unixPath = self.path
        request.guarding = .open
        request.redirects = 0
        let answer: HTTPAnswer
        do {
            answer = try await client.send(request)
        } catch {
            throw explained(Fault(error))
        }
        let bytes = try await answer.body.collect()
        guard 200..<300 ~= answer.status || answer.status == accepting else {
            throw ServerLink.fault(status: answer.status, bytes, "\(method.rawValue) \(path)")
        }
        return bytes
    }

    private func address(_ path: String) throws -> WebAddress { try WebAddress("http://localhost\(path)") }

    /// Whoever cannot connect mostly has no server.
    private func explained(_ fault: Fault) -> Fault {
        guard fault.kind == .unavailable else { return fault }
        if access(path, F_OK) == 0, access(path, R_OK | W_OK) != 0 {
            return Fault(
                .denied, "this user may not use the server's socket \(path)", hint: "ask as the server's own user")
        }
        return Fault(
            .unavailable, "no server answers at \(path)", hint: "start one with `perigee serve`", isRetryable: false)
    }

    /// What a problem document says, or what can be said without one.
    nonisolated static func fault(status: Int, _ body: [UInt8], _ subject: String) -> Fault {
        // What is no JSON is no problem document, and the status is all that is known.
        let problem = try? JSON.parse(body)
        guard let detail = problem?["detail"].string, let kind = problem?["kind"].string.flatMap(Fault.Kind.init) else {
            return Fault(status < 500 ? .invalidInput : .internal, "\(subject): the server answered \(status)")
        }
        return Fault(
            kind, detail, hint: problem?["hint"].string, isRetryable: problem?["retryable"].bool ?? false)
    }
}

extension ServerLink {
    /// For commands: gives the calling thread to the loop, and closes the link whatever happens.
    nonisolated static func with<Value: Sendable>(
        _ settings: Settings, _ body: @escaping @Loop @Sendable (ServerLink) async throws -> Value
    ) throws -> Value {
        signal(SIGPIPE, SIG_IGN)
        let outcome: Result<Value, Fault> = Loop.run {
            do {
                let link = try ServerLink(settings)
                do {
                    let value = try await body(link)
                    await link.close()
                    return .success(value)
                } catch {
                    await link.close()
                    throw error
                }
            } catch {
                return .failure(Fault(error))
            }
        }
        return try outcome.get()
    }
}
