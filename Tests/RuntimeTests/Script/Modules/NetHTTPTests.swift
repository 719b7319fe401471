import LuaBridge
import Testing

@testable import Runtime

@Suite("host.http, over the real client")
@Loop
struct NetHTTPTests {
    /// A server of ours and scripts that may reach it, under a deadline against hanging; nothing is left of either.
    private func serve(
        allowing allowed: [String] = ["127.0.0.1"], sockets: [String] = [], _ build: (Router) -> Void,
        _ body: @Loop (WebHarness, ModuleHarness) async throws -> Void
    ) async throws {
        let web = try WebHarness { build($0) }
        let client = HTTPClient()
        let http = NetHTTP(client, allowing: try AddressAllowance(allowed), sockets: sockets)
        let lua = try ModuleHarness(.http(bareWorld(http: http)))
        try lua.state.globals().set("base", .string("http://127.0.0.1:\(web.port)"))
        try lua.state.globals().set("private", ["allow_private": true])
        try await Deadline.within(.seconds(60)) {
            try await body(web, lua)
            #expect(client.liveTransfers == 0, "a transfer was left behind")
            await client.close()
            await web.stop()
        }
    }

    private func ask(_ lua: ModuleHarness, _ text: String) async throws -> LuaResults {
        try await lua.run("local http = require 'host.http' " + text)
    }

    @Test("requests reach a real server and its answers come back")
    func roundTrip() async throws {
        try await serve { router in
            router.on(.post, "/echo", body: .collected) { request in
                let type = request.headers["content-type"] ?? ""
                let text = String(decoding: request.body.bytes, as: UTF8.self)
                return .json(#"{"type":"\#(type)","q":"\#(request.query["q"] ?? "")","body":\#(text)}"#, status: 201)
            }
        } _: { _, lua in
            let seen = try await ask(
                lua,
                """
                local options = { json = { 1 }, query = { q = "x y" }, allow_private = true }
                local a = assert(http.post(base .. "/echo", options))
                return a.ok, a.status, a.json.type, a.json.q, a.json.body[1], a.headers["content-type"], a.url
                """)
            let url = try await lua.run("return base .. '/echo?q=x%20y'").first
            #expect(seen == [true, 201, "application/json", "x y", 1, "application/json", url])
        }
    }

    @Test("a private address needs the call's word and the owner's")
    func privateAddresses() async throws {
        for (allowed, options, isReached) in [
            (["127.0.0.1"], "private", true), (["127.0.0.1"], "{}", false), ([], "private", false),
            (["10.0.0.0/8"], "private", false),
        ] {
            try await serve(allowing: allowed) {
                $0.plain(.get, "/") { _ in .text("in") }
            } _: { web, lua in
                let seen = try await ask(lua, "return http.get(base .. '/', \(options))")
                #expect((seen.error == .nil) == isReached)
                #expect(web.records.count == (isReached ? 1 : 0))
                guard !isReached else { return }
                #expect(seen.kind == "denied" && seen.message?.hasSuffix("is no public address") == true)
                let hint = seen.error["hint"]?.string ?? ""
                #expect(hint.contains(options == "private" ? "list it among the allowed" : "say allow_private = true"))
            }
        }
    }

    @Test("redirects are followed as far as the call says, and never to where it may not go")
    func redirects() async throws {
        try await serve { router in
            router.plain(.get, "/a") { _ in .redirect(to: "/b", status: 302) }
            router.plain(.get, "/b") { _ in .redirect(to: "/c", status: 302) }
            router.plain(.get, "/c") { _ in .text("here") }
            router.plain(.get, "/out") { _ in .redirect(to: "http://127.0.0.2/", status: 302) }
        } _: { _, lua in
            let all = try await ask(
                lua, "local a = http.get(base .. '/a', private) return a.body, a.url == base .. '/c'")
            #expect(all == ["here", true])
            let none = try await ask(
                lua,
                """
                local a = http.get(base .. "/a", { redirects = 0, allow_private = true })
                return a.status, a.headers.location
                """)
            #expect(none == [302, "/b"])
            let few = try await ask(lua, "return http.get(base .. '/a', { redirects = 1, allow_private = true })")
            #expect(few.kind == "unavailable" && few.message?.hasSuffix("more than 1 redirects") == true)
            let out = try await ask(lua, "return http.get(base .. '/out', private)")
            #expect(out.kind == "denied" && out.message?.contains("127.0.0.2 is no public address") == true)
        }
    }

    @Test("a Unix socket is used only when the owner has listed it")
    func sockets() async throws {
        let directory = TemporaryDirectory()
        let path = "\(directory.path)/s"
        for isListed in [true, false] {
            try await serve(sockets: isListed ? [path] : []) {
                $0.plain(.get, "/v1") { .text($0.host) }
            } _: { web, lua in
                try web.server.listen(path: path)
                let seen = try await ask(
                    lua,
                    """
                    local a, err = http.get("http://engine/v1", { unix_socket = "\(path)" })
                    return a and a.body, err
                    """)
                if isListed {
                    #expect(seen.first == "engine")
                } else {
                    #expect(seen.kind == "denied" && seen.message == "the socket \(path) is not open to scripts")
                }
            }
        }
    }

    @Test("a stream that is left early closes its connection, so that the server stops")
    func leaving() async throws {
        try await serve { router in
            router.on(.get, "/events") { _ in
                .stream(mediaType: "text/event-stream") { writer in
                    var number = 0
                    while true {
                        number += 1
                        try await writer.write("data: \(number)\n\n")
                        await Loop.yield()
                    }
                }
            }
        } _: { web, lua in
            let seen = try await ask(
                lua,
                """
                local last
                for event in http.stream(base .. "/events", { as = "sse", allow_private = true }) do
                  last = event.data
                  if last == "3" then break end
                end
                return last
                """)
            #expect(seen == ["3"])
            try await web.untilRecords(1)
            #expect(web.records[0].isCancelled)
        }
    }

    @Test("a body beyond max_size closes the connection, and a server that is silent is left at the deadline")
    func bounds() async throws {
        try await serve { router in
            router.plain(.get, "/big") { _ in .text(String(repeating: "x", count: 5000)) }
            router.on(.get, "/never") { _ in try await Waiter<Response>("nothing").value() }
        } _: { web, lua in
            let big = try await ask(lua, "return http.get(base .. '/big', { max_size = '4KB', allow_private = true })")
            #expect(big.kind == "too_large" && big.message?.hasSuffix("the answer is larger than 4KB") == true)
            let never = try await ask(
                lua, "return http.get(base .. '/never', { deadline = 0.02, allow_private = true })")
            #expect(never.kind == "timeout")
            try await web.untilRecords(2)
        }
    }

    @Test("nobody who listens is an error that can be tried again")
    func refused() async throws {
        let nobody = ScriptedServer(refuses: true) { _ in }
        try await serve(allowing: ["127.0.0.0/8"]) { _ in
        } _: { _, lua in
            let seen = try await ask(lua, "return http.get('http://127.0.0.1:\(nobody.port)/', private)")
            #expect(seen.kind == "unavailable" && seen.error["retryable"] == true)
        }
        await nobody.close()
    }

    @Test("a header that would break the request is refused")
    func injection() async throws {
        try await serve {
            $0.plain(.get, "/") { _ in .text("in") }
        } _: { web, lua in
            let seen = try await ask(
                lua, "return http.get(base .. '/', { headers = { a = 'b\\r\\nc: d' }, allow_private = true })")
            #expect(seen.kind == "invalid_input" && web.records.isEmpty)
        }
    }
}
