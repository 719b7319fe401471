import Runtime
import Testing

@Suite("HTTP client: TLS and proxies")
@Loop
struct HTTPSecureTests {
    @Test(
        "certificates are verified: a known authority passes, an unknown one and a wrong name do not",
        .enabled(if: TLSServer.isAvailable))
    func verification() async throws {
        try await Deadline.within(.seconds(60)) {
            let server = try await TLSServer("-www")
            @Loop func send(_ host: String, _ certificates: String?) async throws -> Int {
                let client = localClient { $0.certificates = certificates }
                defer { client.closeSoon() }
                let answer = try await client.send(HTTPRequest(.get, try WebAddress("https://\(host):\(server.port)/")))
                _ = try await answer.body.collect()
                return answer.status
            }
            let known = try await send("127.0.0.1", server.authority)
            let named = try await send("localhost", server.authority)
            #expect(known == 200 && named == 200)
            let unknown = await failure { _ = try await send("127.0.0.1", nil) }
            #expect(unknown?.message.contains("certificate was not accepted") == true, "\(String(describing: unknown))")
            #expect(unknown?.hint?.contains("trust its authority") == true)
            let wrongName = await failure { _ = try await send("127.0.0.2", server.authority) }
            #expect(wrongName?.message.contains("127.0.0") == true, "\(String(describing: wrongName))")
            let noFile = await failure { _ = try await send("127.0.0.1", "/nonexistent.pem") }
            #expect(noFile?.message.contains("/nonexistent.pem") == true, "\(String(describing: noFile))")
            await server.close()
        }
    }

    @Test("a server that speaks no TLS is told as that")
    func noTLS() async throws {
        try await withServer(script: { peer in
            _ = try await peer.bytes(1)
            try await peer.send("HTTP/1.1 400 Bad Request\r\n\r\n")
        }) { server, client in
            let fault = await failure { _ = try await client.send(HTTPRequest(.get, server.address(scheme: "https"))) }
            #expect(fault?.message.contains("no TLS connection") == true, "\(String(describing: fault))")
        }
    }

    @Test("a proxy gets the whole address and its credentials; exceptions go directly")
    func proxy() async throws {
        let target = ScriptedServer { peer in
            _ = try await peer.request()
            try await peer.answer("200 OK", [], "direct")
        }
        let proxy = ScriptedServer { peer in
            let request = try await peer.request()
            #expect(request.field("proxy-authorization") == "Basic bWU6cCB3")
            try await peer.answer("200 OK", [], request.line)
        }
        let proxies = try ProxySettings(environment: [
            "http_proxy": "http://me:p%20w@127.0.0.1:\(proxy.port)", "no_proxy": "127.0.0.0/8",
        ])
        try await Deadline.within(.seconds(60)) {
            let client = localClient { $0.proxies = proxies }
            // The name need not resolve here: that is the proxy's work.
            let through = HTTPRequest(.get, try WebAddress("http://far.invalid/x?y=1"))
            #expect(try await client.send(through).text() == "GET http://far.invalid/x?y=1 HTTP/1.1")
            #expect(try await client.send(HTTPRequest(.get, target.address())).text() == "direct")
            #expect(target.accepted == 1 && proxy.accepted == 1)
            await client.close()
        }
        await target.close()
        await proxy.close()
    }

    @Test("TLS goes through a proxy by CONNECT, whose refusal is told as the proxy's")
    func proxyTunnel() async throws {
        let proxy = ScriptedServer { peer in
            let head = try await peer.head()
            #expect(head[0] == "CONNECT far.invalid:443 HTTP/1.1")
            try await peer.answer("403 Forbidden")
        }
        await Deadline.within(.seconds(60)) {
            let client = localClient { settings in
                settings.proxies.https = try! WebAddress("http://127.0.0.1:\(proxy.port)")
            }
            let fault = await failure {
                _ = try await client.send(HTTPRequest(.get, try WebAddress("https://far.invalid/")))
            }
            #expect(
                fault?.kind == .unavailable && fault?.message.contains("proxy") == true, "\(String(describing: fault))")
            await client.close()
        }
        await proxy.close()
    }
}
