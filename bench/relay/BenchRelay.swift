import Glibc
import Runtime

/// A bare reverse proxy for event streams, to be measured beside nginx: `BenchRelay http://127.0.0.1:9000 [port]`.
@main
enum BenchRelay {
    static func main() {
        let arguments = CommandLine.arguments.dropFirst()
        let upstream = arguments.first ?? "http://127.0.0.1:9000"
        let port = arguments.dropFirst().first.flatMap { Int($0) } ?? 0
        exit(Loop.run { await serve(upstream, port) })
    }
}

@Loop
private func serve(_ upstream: String, _ port: Int) async -> Int32 {
    let scope = Scope("relay") { name, error in report("\(name): \(error)") }
    var settings = HTTPClientSettings()
    settings.guarding = .open
    settings.connections = 0
    settings.idleConnections = 1024
    let client = HTTPClient(settings)
    do {
        let upstream = try WebAddress(upstream)
        let router = Router()
        router.on(.get, "/{rest...}") { request in try await relay(request, upstream, client) }
        let server = Server(router, scope: scope)
        report("listening on 127.0.0.1:\(try server.listen(host: "127.0.0.1", port: port))")
        let stop = Waiter<Void>("a signal to stop")
        let signals = try Signals([SIGTERM, SIGINT]) { _ in stop.finish(.success(())) }
        try await stop.value()
        signals.close()
        await server.drain(grace: .seconds(2))
        await client.close()
        return 0
    } catch {
        report("\(error)")
        return 1
    }
}

/// A task lives until the head is there; the stream itself is callbacks only.
@Loop
private func relay(_ request: Request, _ upstream: WebAddress, _ client: HTTPClient) async throws -> Response {
    var outgoing = HTTPRequest(.get, try upstream.resolving(request.rawTarget))
    outgoing.decompresses = false
    let answer = try await client.send(outgoing)
    let body = answer.body
    var headers = Headers()
    if let type = answer.headers["content-type"] { headers.add("Content-Type", type) }
    return Response(
        answer.status, headers,
        body: .source { writer in
            writer.onRoom = { body.resume() }
            writer.onGone = { body.cancel() }
            body.deliver(
                onBytes: { writer.writeNow($0) },
                onEnd: { fault in fault == nil ? writer.end() : writer.fail() })
        })
}

private func report(_ text: String) {
    var line = text + "\n"
    line.withUTF8 { _ = write(2, $0.baseAddress, $0.count) }
}
