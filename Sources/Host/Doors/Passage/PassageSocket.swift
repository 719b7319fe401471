import Runtime

/// Carries a WebSocket, as terminals use it: message by message, and how it ended.
@Loop
final class PassageSocket {
    private let upstream: WebSocket
    private let lease: PassageLease

    private init(_ upstream: WebSocket, _ lease: PassageLease) {
        self.upstream = upstream
        self.lease = lease
    }

    /// Also when the client left before it had its answer.
    isolated deinit { upstream.close(.goingAway) }

    static func isAsked(_ request: Request) -> Bool {
        request.method == .get
            && request.headers.all("upgrade").contains { tokens($0).contains { $0.lowercased() == "websocket" } }
    }

    /// The agent's server is asked first, so that what it refuses is refused by an answer.
    static func open(
        _ request: Request, _ outgoing: HTTPRequest, by client: HTTPClient, _ lease: PassageLease, in scope: Scope
    ) async throws -> Response {
        let protocols = request.headers.all("sec-websocket-protocol").flatMap(tokens)
        let upstream: WebSocket
        do {
            upstream = try await client.webSocket(
                to: outgoing.address, headers: outgoing.headers, protocols: protocols, settings: settings,
                guarding: .open)
        } catch {
            if Task.isCancelled || [.notFound, .denied, .invalidInput].contains(Fault(error).kind) { throw error }
            throw RunnerGone(error)
        }
        let socket = PassageSocket(upstream, lease)
        // Whoever shows a key is no page that a browser was lured to.
        let hasKey = Presented.text(request.headers) != nil || PassageGuests.shown(request) != nil
        return WebSocket.accept(
            request, in: scope, protocols: upstream.subprotocol.map { [$0] } ?? [], settings: settings,
            isAllowed: { hasKey || WebSocket.isSameOrigin($0, $1) }
        ) { try await socket.relay($0, in: scope.child("passage")) }
    }

    private static var settings: WebSocketSettings {
        var settings = WebSocketSettings()
        // A terminal gives what it has kept, up to 2 MB, to whoever comes back to it.
        settings.message = 4 << 20
        return settings
    }

    private func relay(_ client: WebSocket, in scope: Scope) async throws {
        let back = scope.spawn("terminal") { [upstream] in
            try await PassageSocket.carry(from: upstream, to: client, gone: .internalError)
        }
        do {
            try await PassageSocket.carry(from: client, to: upstream, gone: .goingAway)
            // The server has ended: what it said before still goes out.
            if client.isOpen { await back.value }
        } catch {
            upstream.close(.goingAway)
            await scope.close()
            throw error
        }
        await scope.close()
    }

    /// Until either has ended. `gone` is said of a side that left without a word.
    private static func carry(from one: WebSocket, to other: WebSocket, gone: CloseCode) async throws {
        while let message = try await one.next() {
            do {
                try await other.send(message)
            } catch {
                if other.isOpen { throw error }
                return
            }
        }
        let code = one.closeCode ?? gone
        other.close(code == .abnormal ? gone : code, one.closeReason)
    }

    private static func tokens(_ value: String) -> [String] {
        value.split(separator: ",").map { $0.trimmed }.filter { !$0.isEmpty }
    }
}
