import LuaBridge

/// What a route's handler returned, as a response.
@Loop
struct RouteAnswer {
    private let fields: HostOptions

    /// Throws what the handler said instead of an answer, or what is wrong with the answer.
    init(_ results: [LuaValue], of route: ScriptRoute) throws {
        let answer = results.first ?? .nil
        if answer == .nil, results.count > 1, let fault = Fault(script: results[1]) { throw fault }
        do {
            try Contract.check(response: answer)
        } catch let fault as ShapeFault {
            throw Fault(
                .script, fault.text(of: "\(route.script): the answer of \(route.method.rawValue) \(route.pattern)"))
        }
        fields = HostOptions(answer)
    }

    func response(_ use: GenerationUse, _ route: ScriptRoute, _ log: Log) throws -> Response {
        var response = try body(use, route, log)
        if let status = fields.integer("status") {
            response.status = Int(status)
        } else if case .empty = response.body {
            response.status = 204
        }
        for (name, value) in fields.options("headers").pairs { response.headers[name] = value.string ?? "" }
        return response
    }

    private func body(_ use: GenerationUse, _ route: ScriptRoute, _ log: Log) throws -> Response {
        if let bytes = fields.bytes("body") { return Response(body: .bytes(bytes)) }
        if let text = fields.text("text") { return .text(text) }
        if fields["json"] != .nil {
            var parcel = Parcel()
            parcel.put(fields["json"])
            return .json(try JSON.text(of: parcel))
        }
        guard let stream = fields["stream"].function else { return Response() }
        return .stream { writer in
            do {
                _ = try await use.generation.call(stream, of: route.script, as: .route, name: "stream") { parcel in
                    parcel.put(RouteAnswer.write(to: writer))
                }
            } catch {
                let fault = Fault(error)
                if fault.kind != .cancelled { log.error("a route's stream broke off", fault) }
                throw fault
            }
        }
    }

    /// `write(piece)`: waits while the client is slower, and tells whether it is still there.
    private static func write(to writer: ResponseWriter) -> LuaHostFunction {
        LuaHostFunction(waiting: "write") { @Loop call in
            guard let bytes = call.value().rawBytes else {
                throw ScriptMistake("bad argument #1 'bytes' to 'write' (text expected)")
            }
            try await writer.write(bytes)
            call.returns(true)
        }
    }
}
