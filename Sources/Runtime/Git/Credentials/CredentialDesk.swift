import Glibc

/// Answers git when it needs a password, over a socket that only this user can open: git is told of a helper, which is this
/// program, and finds in its own environment where to ask and a token that is good for this one run and repository.
/// Nothing secret is in an address, an argument, a file or the environment of anything else.
@Loop
public final class CredentialDesk {
    /// What one run of git is given.
    struct Pass {
        let token: String
        let options: [String]
        let variables: [String: String]
    }

    /// Names of the variables by which the helper finds the way back.
    public nonisolated static let socketVariable = "PERIGEE_GIT_SOCKET"
    public nonisolated static let tokenVariable = "PERIGEE_GIT_TOKEN"

    private let socket: String
    /// Made for the socket alone, where its own place has too long a path.
    private let shortPlace: String?
    private let helper: [String]
    private let server: Server
    private var logins: [String: GitLogin] = [:]

    /// `helper` is the command that git runs, which calls `CredentialDesk.ask`.
    public init(socket: String, helper: [String], scope: Scope) throws {
        shortPlace = socket.utf8.count <= SocketPath.longest ? nil : try PrivateDirectory.make("perigee-git")
        let socket = shortPlace.map { "\($0)/s" } ?? socket
        self.socket = socket
        self.helper = helper
        let router = Router()
        let desk = Box()
        router.on(.post, "/credential") { request in
            let body = try await request.body.collect(limit: CredentialRequest.limit)
            let token = request.headers["x-token"] ?? ""
            guard let answer = desk.desk?.answer(token, CredentialRequest(body)) else {
                throw Fault(.denied, "no password for this repository")
            }
            return Response(200, ["Content-Type": "text/plain", "Cache-Control": "no-store"], body: .bytes(answer))
        }
        server = Server(router, settings: ServerSettings(), scope: scope)
        unlink(socket)
        try server.listen(path: socket)
        desk.desk = self
    }

    public func close() async {
        logins = [:]
        await server.drain(grace: .zero)
        unlink(socket)
        if let shortPlace { rmdir(shortPlace) }
    }

    @Loop
    private final class Box { weak var desk: CredentialDesk? }

    func admit(_ login: GitLogin) throws -> Pass {
        let token = Random.token()
        logins[token] = login
        let command = helper.map(CredentialDesk.quoted).joined(separator: " ")
        return Pass(
            token: token, options: ["-c", "credential.helper=", "-c", "credential.helper=!\(command)"],
            variables: [CredentialDesk.socketVariable: socket, CredentialDesk.tokenVariable: token])
    }

    func dismiss(_ pass: Pass) { logins[pass.token] = nil }

    private func answer(_ token: String, _ request: CredentialRequest) -> [UInt8]? {
        guard let login = logins[token], login.answers(request) else { return nil }
        return CredentialRequest.answer(login)
    }

    /// Git hands the helper's line to a shell; it holds no more than our own program's name.
    private static func quoted(_ word: String) -> String { "'\(word.replacing("'", with: "'\\''"))'" }

    /// The other end, in the helper: what git asked goes to the socket, and what comes back is git's answer. Empty where
    /// there is none, and git goes on without.
    public static func ask(_ request: [UInt8], socket: String, token: String) async throws -> [UInt8] {
        let client = HTTPClient()
        var order = HTTPRequest(
            .post, try WebAddress("http://git/credential"),
            headers: ["X-Token": token, "Content-Type": "text/plain"], body: .bytes(request))
        order.unixPath = socket
        order.guarding = .open
        let answer = try await Deadline.within(.seconds(20)) {
            let answer = try await client.send(order)
            return (status: answer.status, body: try await answer.body.collect(limit: CredentialRequest.limit))
        }
        await client.close()
        return answer.status == 200 ? answer.body : []
    }
}
