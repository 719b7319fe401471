@testable import Runtime

/// A server of the test's own on a free port.
@Loop
final class WebHarness {
    let server: Server
    let router: Router
    let scope = Scope("test") { name, error in preconditionFailure("\(name) let \(error) escape") }
    private(set) var port = 0
    private(set) var records: [RequestRecord] = []
    private(set) var faults: [Fault] = []
    private var changed: Waiter<Void>?

    init(_ settings: ServerSettings = ServerSettings(), _ build: (Router) -> Void = { _ in }) throws {
        router = Router()
        build(router)
        server = Server(router, settings: settings, scope: scope)
        server.onRequestEnd = { [weak self] record in
            self?.records.append(record)
            self?.changed?.finish(.success(()))
        }
        server.onFault = { [weak self] fault, _ in self?.faults.append(fault) }
        port = try server.listen(host: "127.0.0.1", port: 0)
    }

    func client(receiveBuffer: Int32? = nil) throws -> RawClient {
        try RawClient(port: port, receiveBuffer: receiveBuffer)
    }

    /// Sends one text, half-closes nothing, and waits for the answer to a request behind it or the end.
    func exchange(_ text: String) async throws -> RawClient {
        let client = try client()
        client.send(text)
        try await client.untilEnd()
        return client
    }

    /// One GET with `Connection: close`.
    func get(_ path: String, _ fields: String = "") async throws -> Answer {
        let client = try await exchange("GET \(path) HTTP/1.1\r\nHost: x\r\n\(fields)Connection: close\r\n\r\n")
        return client.answers.last ?? Answer(status: 0, head: "", body: "", isWhole: false)
    }

    func untilRecords(_ count: Int) async throws {
        try await Deadline.within(.seconds(20)) {
            while records.count < count {
                let waiter = Waiter<Void>("the record of request \(count)")
                changed = waiter
                try await waiter.value()
            }
        }
    }

    /// Waits until the server has no connection, without a clock: each turn lets what is under way go on.
    func untilNoConnections() async throws {
        let end = Instant.clock + .seconds(20)
        while server.connectionCount > 0 {
            guard Instant.clock < end else { throw Fault(.timeout, "\(server.connectionCount) connections stay") }
            await Loop.yield()
        }
    }

    func stop() async { await server.drain(grace: .zero) }
}
