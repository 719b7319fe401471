import LuaBridge

/// A request as the handler of a route sees it.
@Loop
struct RouteFacts {
    let value: LuaValue

    init(_ request: Request, path: String, parameters: [String: String], body: [UInt8], isTrusted: Bool) {
        let text = String(validating: body, as: UTF8.self)
        value = [
            "method": .string(request.method.rawValue), "path": .string(path),
            "params": RouteFacts.table(parameters.map { ($0.key, $0.value) }),
            "query": RouteFacts.table(request.query.items.map { ($0.name, $0.value) }),
            "headers": RouteFacts.table(request.headers.map { ($0.name.lowercased(), $0.value) }),
            "body": text.map { .string($0) } ?? .bytes(body), "json": .host(RouteFacts.json(body)),
            "peer": [
                "address": .string(request.clientAddress), "loopback": .bool(request.peer.isLoopback),
                "trusted": .bool(isTrusted),
            ], "id": .string(request.id),
        ]
    }

    /// The last where a name comes twice.
    private static func table(_ pairs: [(String, String)]) -> LuaValue {
        .table(Dictionary(pairs.map { (.string($0.0), .string($0.1)) }) { _, last in last })
    }

    /// `request.json()`, which reads only when it is asked.
    private static func json(_ body: [UInt8]) -> LuaHostFunction {
        LuaHostFunction("request.json") { call in
            do {
                call.results = try JSON.parcel(body)
            } catch {
                call.fails(Fault(error))
            }
        }
    }
}
