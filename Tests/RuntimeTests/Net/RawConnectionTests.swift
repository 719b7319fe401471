import Runtime
import Testing

@Suite("raw connections")
@Loop
struct RawConnectionTests {
    @Test("bytes go both ways over TCP and a Unix socket, and the other side's end is told once")
    func plain() async throws {
        let directory = TemporaryDirectory()
        for path in [nil, "\(directory.path)/s"] {
            try await withServer(
                unixPath: path,
                script: { peer in
                    let line = try await peer.line()
                    try await peer.send("<\(line)>")
                }
            ) { server, client in
                let address = path == nil ? server.address(scheme: "ws") : try WebAddress("ws://somewhere/")
                let transport = try await client.connect(to: address, unixPath: path)
                let reader = Reader(transport)
                transport.send("hello\n")
                #expect(try await reader.all() == "<hello>")
                transport.close()
                #expect(server.clientDescriptors == 0 || path != nil)
            }
        }
    }

    @Test("TLS connections are verified and carry bytes both ways", .enabled(if: TLSServer.isAvailable))
    func secure() async throws {
        try await Deadline.within(.seconds(60)) {
            let server = try await TLSServer("-rev")
            let address = try WebAddress("wss://localhost:\(server.port)/")
            let client = localClient { $0.certificates = server.authority }
            let transport = try await client.connect(to: address)
            let reader = Reader(transport)
            transport.send("abc\n")
            #expect(try await reader.line() == "cba")
            transport.isReadingPaused = true
            transport.send("xyz\n")
            await Loop.yield()
            transport.isReadingPaused = false
            #expect(try await reader.line() == "zyx")
            transport.close()
            await client.close()
            #expect(descriptorsConnected(toPort: server.port) == 0)

            let strict = localClient()
            let fault = await failure { _ = try await strict.connect(to: address) }
            #expect(fault?.message.contains("certificate was not accepted") == true)
            await strict.close()
            await server.close()
        }
    }

    @Test("much is sent without loss, drains are told, and closing sends the rest")
    func bulk() async throws {
        let size = 4 << 20
        let counted = Waiter<Int>("the count")
        try await withServer(script: { peer in
            try await peer.send("go")
            let bytes = try await peer.bytes(size + 3)
            counted.finish(.success(bytes.suffix(3) == Array("end".utf8) ? bytes.count : -1))
        }) { server, client in
            let transport = try await client.connect(to: server.address())
            let drained = Waiter<Void>("drain")
            transport.onDrain = { drained.finish(.success(())) }
            [UInt8](repeating: 1, count: size).withUnsafeBytes { transport.send($0) }
            #expect(transport.unsentBytes == size)
            try await drained.value()
            transport.send("end")
            transport.close()
            let count = try await counted.value()
            #expect(count == size + 3)
        }
    }

    @Test("refusals, the guard and deadlines are the same as for requests")
    func faults() async throws {
        let gone = ScriptedServer(refuses: true) { _ in }
        let address = gone.address()
        try await withServer(script: { peer in await peer.gone() }) { server, client in
            let refused = await failure { _ = try await client.connect(to: address) }
            #expect(refused?.message.contains("Connection refused") == true)
            let denied = await failure { _ = try await client.connect(to: server.address(), guarding: .publicOnly()) }
            #expect(denied?.kind == .denied && server.accepted == 0)
            let transport = try await client.connect(to: server.address())
            let closed = Waiter<Void>("close")
            transport.onClose = { closed.finish(.success(())) }
            await client.close()
            try await closed.value()
        }
        await gone.close()
    }
}

/// Gathers what a transport receives.
@Loop
private final class Reader {
    private var text = ""
    private let pieces = Mailbox<String>("pieces", limit: .max)

    init(_ transport: any ByteTransport) {
        transport.onBytes = { [pieces] in _ = pieces.send(String(decoding: $0, as: UTF8.self)) }
        transport.onClose = { [pieces] in pieces.finish() }
    }

    func all() async throws -> String {
        while let piece = try await pieces.next() { text += piece }
        return text
    }

    func line() async throws -> String {
        while !text.contains("\n"), let piece = try await pieces.next() { text += piece }
        let end = text.firstIndex(of: "\n") ?? text.endIndex
        defer { text = String(text[end...].dropFirst()) }
        return String(text[..<end])
    }
}

extension ByteTransport {
    fileprivate func send(_ text: String) { Array(text.utf8).withUnsafeBytes { send($0) } }
}
