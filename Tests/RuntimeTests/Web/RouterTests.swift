import Testing

@testable import Runtime

@Suite("routes")
@Loop
struct RouterTests {
    private func find(_ router: Router, _ method: Runtime.Method, _ target: String) -> (String, [String]) {
        let request = Request()
        request.method = method
        request.headers.bytes = Array(target.utf8)
        let parsed = request.headers.bytes.withUnsafeBufferPointer {
            RequestTarget($0, HeadSlice(0, $0.count), isConnect: false)
        }
        guard let parsed else { return ("refused", []) }
        request.target = parsed
        switch router.match(request) {
        case .route(let route): return (route.pattern, request.parameters.values)
        case .options(let allow): return ("options \(allow)", [])
        case .wrongMethod(let allow): return ("allow \(allow)", [])
        case .nothing: return ("nothing", [])
        }
    }

    @Test("a literal wins over a name, a name over the rest, and a dead end is left again")
    func precedence() {
        let router = Router()
        for pattern in ["/", "/a", "/a/b", "/a/{x}", "/a/{x}/c", "/a/{rest...}", "/s/", "/{one}/deep/{two}"] {
            router.plain(.get, pattern) { _ in Response() }
        }
        router.plain(.post, "/a/b") { _ in Response() }
        router.plain(.post, "/p") { _ in Response() }
        let cases: [(String, String, [String])] = [
            ("/", "/", []), ("/a", "/a", []), ("/a/b", "/a/b", []), ("/a/z", "/a/{x}", ["z"]),
            ("/a/b/c", "/a/{x}/c", ["b"]), ("/a/b/d", "/a/{rest...}", ["b/d"]), ("/a/", "/a/{rest...}", [""]),
            ("/s/", "/s/", []), ("/s", "nothing", []), ("//a", "nothing", []), ("/a//c", "/a/{rest...}", ["/c"]),
            ("/q/deep/r", "/{one}/deep/{two}", ["q", "r"]), ("/a/deep/r", "/a/{rest...}", ["deep/r"]),
            ("/%61/%62", "/a/b", []), ("/a/x%2Fy", "/a/{x}", ["x%2Fy"]), ("/a/%C3%A4", "/a/{x}", ["\u{e4}"]),
            ("/a/z?b=/c", "/a/{x}", ["z"]), ("/nothing", "nothing", []),
        ]
        for (target, pattern, values) in cases {
            let found = find(router, .get, target)
            #expect(found.0 == pattern && found.1 == values, "\(target) gave \(found)")
        }
        #expect(find(router, .head, "/a").0 == "/a")
        #expect(find(router, .delete, "/a/b").0 == "allow GET, POST, HEAD, OPTIONS")
        #expect(find(router, .options, "/p").0 == "options POST, OPTIONS")
        #expect(find(router, .head, "/p").0 == "allow POST, OPTIONS")
    }

    @Test("errors have the shape of the longest prefix that has one, and keep status and Allow")
    func errorShapes() async throws {
        let harness = try WebHarness { router in
            router.plain(.get, "/v1/fail") { _ in throw Fault(.overBudget, "too \"much\"\n", hint: "wait") }
            router.plain(.get, "/fail") { _ in throw Fault(.overBudget, "too \"much\"\n", hint: "wait") }
            router.errors(under: "/v1") { fault, _ in
                .json(#"{"error":"\#(fault.kind.rawValue)"}"#, status: fault.kind.status)
            }
        }
        let own = try await harness.get("/v1/fail")
        #expect(own.status == 429 && own.body == #"{"error":"over_budget"}"#)
        #expect(try await harness.get("/v1/none").body == #"{"error":"not_found"}"#)
        #expect(try await harness.get("/v12").field("content-type") == "application/problem+json")
        let wrong = try await harness.exchange("POST /v1/fail HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        #expect(wrong.statuses == [405] && wrong.answers[0].field("allow") == "GET, HEAD, OPTIONS")
        let usual = try await harness.get("/fail")
        #expect(usual.status == 429 && usual.field("content-type") == "application/problem+json")
        #expect(
            usual.body
                == #"{"type":"about:blank","title":"Too Many Requests","status":429,"detail":"too \"much\"\n","#
                + #""kind":"over_budget","hint":"wait","retryable":true}"#)
        #expect(harness.faults.count == 2)
        await harness.stop()
    }

    @Test("an answer can be changed below a path just before it goes")
    func adjustment() async throws {
        let harness = try WebHarness { router in
            router.plain(.get, "/a/b") { _ in .text("b") }
            router.plain(.get, "/c") { _ in .text("c") }
            router.adjust(under: "/a") { $1.headers.set("X-Under", $0.path) }
        }
        #expect(try await harness.get("/a/b").field("x-under") == "/a/b")
        #expect(try await harness.get("/c").field("x-under") == nil)
        await harness.stop()
    }
}
