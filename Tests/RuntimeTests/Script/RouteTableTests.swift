import LuaBridge
import Testing

@testable import Runtime

@Suite("routes of scripts")
@Loop
struct RouteTableTests {
    private static let patterns = [
        "GET /", "GET /a", "GET /a/{id}", "POST /a/{id}", "GET /a/new", "GET /files/{path...}", "GET /{any}/b",
    ]

    private func table() throws -> RouteTable {
        let state = try LuaState(scheduler: {})
        let handler = try state.load("return nil", script: "hooks/x.lua")
        let routes = try Self.patterns.map { try ScriptRoute($0, .function(handler), script: "hooks/x.lua") }
        state.close()
        return RouteTable(routes)
    }

    @Test(
        "the most particular pattern answers",
        arguments: [
            ("GET", "/", "/ []"), ("GET", "/a", "/a []"), ("HEAD", "/a", "/a []"), ("GET", "/a/7", "/a/{id} [id=7]"),
            ("GET", "/a/new", "/a/new []"), ("POST", "/a/new", "/a/{id} [id=new]"),
            ("GET", "/files/x/y", "/files/{path...} [path=x/y]"), ("GET", "/z/b", "/{any}/b [any=z]"),
            ("DELETE", "/a/7", "not DELETE: GET POST"), ("GET", "/a/7/8", "nothing"), ("GET", "/a/", "nothing"),
            ("GET", "/b", "nothing"),
        ])
    func matches(_ method: String, _ path: String, _ expected: String) throws {
        let found: String
        switch try table().match(Method(rawValue: method)!, path) {
        case .route(let route, let parameters):
            let given = parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            found = "\(route.pattern) [\(given.joined(separator: " "))]"
        case .wrongMethod(let allow): found = "not \(method): \(allow.map(\.rawValue).sorted().joined(separator: " "))"
        case .nothing: found = "nothing"
        }
        #expect(found == expected)
    }
}
