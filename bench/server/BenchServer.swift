import Glibc
import Runtime

/// What `make bench` and the conformance tools talk to: `BenchServer [port]`.
@main
enum BenchServer {
    static func main() {
        signal(SIGPIPE, SIG_IGN)
        let port = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 0
        let code = Loop.run { await serve(port) }
        exit(code)
    }
}

@Loop
private func serve(_ port: Int) async -> Int32 {
    let scope = Scope("bench") { name, error in report("\(name): \(error)") }
    let server = Server(routes(), scope: scope)
    do {
        report("listening on 127.0.0.1:\(try server.listen(host: "127.0.0.1", port: port))")
        let stop = Waiter<Void>("a signal to stop")
        let signals = try Signals([SIGTERM, SIGINT]) { _ in stop.finish(.success(())) }
        try await stop.value()
        signals.close()
        await server.drain(grace: .seconds(2))
        return 0
    } catch {
        report("\(error)")
        return 1
    }
}

@Loop
private func routes() -> Router {
    let router = Router()
    let json = Array(#"{"message":"Hello, World!","n":1}"#.utf8)
    router.plain(.get, "/json") { _ in .json(json) }
    router.on(.get, "/task") { _ in .json(json) }
    router.plain(.post, "/echo") { .text("\($0.body.bytes.count)") }
    router.on(.get, "/sse") { request in
        .stream(mediaType: "text/event-stream") { writer in
            try await writer.write("data: {\"hello\":1}\n\n")
            let gone = Waiter<Void>("the end of the stream")
            try await gone.value()
        }
    }
    router.plain(.get, "/events") { _ in
        EventStream.response { stream in stream.sendNow(data: "{\"hello\":1}") }
    }
    let sockets = Scope("sockets") { name, error in report("\(name): \(error)") }
    router.plain(.get, "/ws") { request in
        WebSocket.accept(request, in: sockets) { socket in
            while let message = try await socket.next() { try await socket.send(message) }
        }
    }
    router.on(.post, "/upload", limit: 1 << 40) { request in
        var count = 0
        while let piece = try await request.body.next() { count += piece.count }
        return .text("\(count)")
    }
    router.on(.get, "/download/{bytes}") { request in
        let total = request.parameters["bytes"].flatMap { Int($0) } ?? 0
        return .stream(200, ["Content-Length": "\(total)"], mediaType: "application/octet-stream") { writer in
            let piece = [UInt8](repeating: 120, count: 64 << 10)
            var left = total
            while left > 0 {
                try await writer.write(left < piece.count ? Array(piece[..<left]) : piece)
                left -= min(left, piece.count)
            }
        }
    }
    return router
}

private func report(_ text: String) {
    var line = text + "\n"
    line.withUTF8 { _ = write(2, $0.baseAddress, $0.count) }
}
