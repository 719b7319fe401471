import Glibc
import Runtime
import Testing

/// A client for servers on this machine.
@Loop
func localClient(_ change: (inout HTTPClientSettings) -> Void = { _ in }) -> HTTPClient {
    var settings = HTTPClientSettings()
    settings.guarding = .open
    change(&settings)
    return HTTPClient(settings)
}

/// Runs a test under a deadline against hanging, with a server and a client, and checks that nothing is left of them.
@Loop
func withServer(
    _ change: (inout HTTPClientSettings) -> Void = { _ in }, unixPath: String? = nil,
    script: @escaping ScriptedServer.Script, _ body: @Loop (ScriptedServer, HTTPClient) async throws -> Void
) async throws {
    let server = ScriptedServer(unixPath: unixPath, script)
    let client = localClient(change)
    try await Deadline.within(.seconds(60)) {
        try await body(server, client)
        await client.close()
        #expect(client.liveTransfers == 0, "a transfer was left behind")
        #expect(server.clientDescriptors == 0, "a descriptor was left behind")
        await server.close()
    }
}

@Loop
func failure(_ body: () async throws -> Void) async -> Fault? {
    do {
        try await body()
        Issue.record("it did not fail")
        return nil
    } catch {
        return Fault(error)
    }
}

extension HTTPAnswer {
    @Loop func text() async throws -> String { String(decoding: try await body.collect(), as: UTF8.self) }
}

/// This machine's own name, when it resolves by /etc/hosts to an address that is not public.
func localName() -> String? {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, 255) == 0 else { return nil }
    let text = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    var found: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(text, nil, nil, &found) == 0 else { return nil }
    freeaddrinfo(found)
    return text == "localhost" ? nil : text
}

extension HTTPClient {
    /// For a client that only one test step needs: what it still holds goes with it.
    func closeSoon() { Scope("closing") { _, _ in }.spawn("close") { await self.close() } }
}
