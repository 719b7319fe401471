import Runtime

/// `/opencode/{workspace}/…`: opencode's own clients reach the agent's server of their workspace through it.
///
/// See `docs/passage.md` for who may do what.
@Loop
struct PassageDoor: Door {
    let name = "passage"
    private let guests: PassageGuests
    private let pool: @Loop () -> (any RunnerPool)?
    private let sessions = PassageSessions()
    private let client: HTTPClient
    private let sockets: Scope

    nonisolated static let mostSockets = 256

    /// `sockets` has the WebSockets, and ends them when it closes.
    init(
        _ guests: PassageGuests, client: HTTPClient, sockets: Scope, pool: @escaping @Loop () -> (any RunnerPool)?
    ) {
        self.guests = guests
        self.client = client
        self.sockets = sockets
        self.pool = pool
    }

    var endpoints: [Endpoint] {
        [Method.get, .post, .put, .patch, .delete].map { method in
            Endpoint(
                method: method, path: "/opencode/{workspace}/{rest...}",
                summary: "Passed on to the agent's server of a workspace, for opencode's own clients.",
                answers: [
                    200: "what the agent's server answers", 401: "no good key", 403: "reaches beyond the workspace",
                    404: "there is no such workspace, or nothing of that name in it",
                    502: "the agent's server does not answer", 503: "no agent is connected",
                ], action: .task(guarded))
        }
    }

    private func guarded(_ request: Request) async throws -> Response {
        do {
            return try await pass(request)
        } catch let gone as RunnerGone {
            return gone.response
        } catch let unknown as PassageSessions.Unknown {
            return try unknown.response
        } catch {
            let fault = Fault(error)
            guard fault.kind == .unauthenticated else { throw error }
            var response = Response.problem(fault)
            // What opencode's clients know how to answer.
            response.headers["WWW-Authenticate"] = #"Basic realm="Perigee", charset="UTF-8""#
            return response
        }
    }

    private func pass(_ request: Request) async throws -> Response {
        let guest = try await guests.guest(request)
        guard let pool = pool() else {
            throw Fault(
                .unavailable, "no agent is connected here, so there is nothing to pass to",
                hint: "set OPENCODE_BASE_URL to the address of an `opencode serve`", isRetryable: false)
        }
        let target = PassageTarget(request.rawTarget, rest: request.parameters["rest"] ?? "")
        let rule = try PassageRules.rule(request.method, target, isAdmin: guest.isAdmin)
        let workspace = guest.workspace
        let directory = try await PassagePlace.directory(target.directories(request.headers), in: workspace.directory)
        if rule.namesPath { try PassagePlace.check(path: target["path"] ?? "", from: directory, workspace.directory) }
        let lease = try await PassageLease(pool, workspace)
        if let session = rule.session(in: target.segments), !guest.isAdmin {
            try await sessions.check(session, on: lease, in: workspace.directory)
        }
        var outgoing = try lease.server.request(
            request.method, target: target.outgoing(directory, style: rule.style))
        PassageHeaders.copy(request.headers, to: &outgoing.headers, isRead: rule.answer.isRead)
        outgoing.headers.set("X-Opencode-Directory", PassageTarget.encoded(directory))
        if PassageSocket.isAsked(request) {
            guard sockets.taskCount < PassageDoor.mostSockets else {
                throw Fault(.overBudget, "\(PassageDoor.mostSockets) terminals are open", hint: "close one")
            }
            return try await PassageSocket.open(request, outgoing, by: client, lease, in: sockets)
        }
        let relay = PassageRelay(client: client, lease: lease, workspace: workspace.directory, directory: directory)
        return try await relay.response(to: request, outgoing, rule)
    }
}

/// The agent's server, or the way to it, has failed: none of the client's doing.
struct RunnerGone: Error {
    let fault: Fault

    init(_ error: any Error) { fault = Fault(error) }

    @Loop var response: Response {
        if fault.kind == .cancelled { return .problem(fault) }
        let told = Fault(
            .unavailable, "the agent's server could not be reached: \(fault.message)",
            hint: fault.hint ?? "see whether it runs where OPENCODE_BASE_URL points to, and try again",
            isRetryable: true)
        return .problem(told, status: fault.kind == .timeout ? 504 : 502)
    }
}

/// A lease for as long as somebody holds this.
@Loop
final class PassageLease {
    private let lease: RunnerLease
    var server: OpencodeServer { lease.server }
    var runner: String { lease.runner }

    init(_ pool: any RunnerPool, _ workspace: Workspace) async throws {
        do {
            lease = try await pool.visit(workspace: workspace.id, directory: workspace.directory)
        } catch {
            throw RunnerGone(error)
        }
    }

    isolated deinit { lease.release() }
}
