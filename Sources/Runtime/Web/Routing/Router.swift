/// Answers in the same turn, without a task; its body, if it takes one, has come whole before it is called.
public typealias PlainHandler = @Loop (Request) throws -> Response
/// Runs in a task of its own, which is cancelled as soon as the client goes away.
public typealias Handler = @Loop (Request) async throws -> Response

/// How a handler gets the request's body.
public enum BodyMode: Sendable {
    /// The handler starts with the head and reads `request.body` piece by piece.
    case streamed
    /// The handler starts when all of it stands in `request.body.bytes`.
    case collected
}

/// One route.
@Loop
final class Route {
    enum Action {
        case plain(PlainHandler)
        case task(Handler)
    }

    let method: Method
    let pattern: String
    let names: [String]
    let action: Action
    let limit: Int?
    let mode: BodyMode

    init(_ method: Method, _ pattern: Pattern, limit: Int?, mode: BodyMode, _ action: Action) {
        self.method = method
        self.pattern = pattern.text
        self.names = pattern.names
        self.limit = limit
        self.mode = mode
        self.action = action
    }
}

/// Finds the handler for a request. Patterns are literal segments, `{name}` for one segment, and `{rest...}` at the end
/// for all that follow; a literal wins over a name, a name over the rest. HEAD is answered from GET, OPTIONS from what
/// there is.
@Loop
public final class Router {
    private var nodes = [RouteNode()]
    private var answers: [(prefix: String, answer: (Fault, Request) -> Response)] = []
    private var adjustments: [(prefix: String, adjust: (Request, inout Response) -> Void)] = []

    public init() {}

    public func plain(_ method: Method, _ pattern: String, limit: Int? = nil, _ handler: @escaping PlainHandler) {
        let pattern = Pattern(pattern)
        add(Route(method, pattern, limit: limit, mode: .collected, .plain(handler)), pattern)
    }

    /// `limit` bounds the body in bytes; nil takes the server's.
    public func on(
        _ method: Method, _ pattern: String, limit: Int? = nil, body: BodyMode = .streamed, _ handler: @escaping Handler
    ) {
        let pattern = Pattern(pattern)
        add(Route(method, pattern, limit: limit, mode: body, .task(handler)), pattern)
    }

    /// How failures below a path look; elsewhere they are problem documents (RFC 9457). Status and `Allow` are kept.
    public func errors(under prefix: String, _ answer: @escaping (Fault, Request) -> Response) {
        answers.append((prefix, answer))
        answers.sort { $0.prefix.utf8.count > $1.prefix.utf8.count }
    }

    /// Lets every answer below a path be changed just before it is sent, in the order of these calls.
    public func adjust(under prefix: String, _ adjust: @escaping (Request, inout Response) -> Void) {
        adjustments.append((prefix, adjust))
    }

    // MARK: the server's side

    enum Match {
        case route(Route)
        case options(allow: String)
        case wrongMethod(allow: String)
        case nothing
    }

    func match(_ request: Request) -> Match {
        var walk = RouteWalk(request.target, request.headers.bytes)
        guard let node = nodes.withUnsafeBufferPointer({ walk.find($0) }) else { return .nothing }
        let method = request.method
        if let route = nodes[node][method] ?? (method == .head ? nodes[node][.get] : nil) {
            if !route.names.isEmpty {
                request.parameters.names = route.names
                request.parameters.values = walk.values()
            }
            request.pattern = route.pattern
            return .route(route)
        }
        let allow = nodes[node].allow
        return method == .options ? .options(allow: allow) : .wrongMethod(allow: allow)
    }

    func answer(_ fault: Fault, status: Int? = nil, to request: Request) -> Response {
        let path = answers.isEmpty ? "" : request.path
        guard let custom = answers.first(where: { Router.isBelow(path, $0.prefix) }) else {
            return .problem(fault, status: status)
        }
        var response = custom.answer(fault, request)
        if let status { response.status = status }
        return response
    }

    func adjust(_ response: inout Response, for request: Request) {
        if adjustments.isEmpty { return }
        let path = request.path
        for entry in adjustments where Router.isBelow(path, entry.prefix) { entry.adjust(request, &response) }
    }

    private static func isBelow(_ path: String, _ prefix: String) -> Bool {
        guard path.utf8.starts(with: prefix.utf8) else { return false }
        return prefix.hasSuffix("/") || path.utf8.count == prefix.utf8.count
            || path.utf8[path.utf8.index(path.utf8.startIndex, offsetBy: prefix.utf8.count)] == 47
    }

    private func add(_ route: Route, _ pattern: Pattern) {
        var place = 0
        for segment in pattern.segments {
            if let next = nodes[place].next(segment) {
                place = next
            } else {
                nodes.append(RouteNode())
                nodes[place].link(segment, to: nodes.count - 1)
                place = nodes.count - 1
            }
        }
        precondition(nodes[place][route.method] == nil, "two routes for \(route.method.rawValue) \(pattern.text)")
        nodes[place].routes.append(route)
    }
}
