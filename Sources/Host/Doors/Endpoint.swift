import Runtime

/// One thing that a door offers: how it is reached, what it says of itself in `/openapi.json`, and what answers.
struct Endpoint {
    enum Action {
        /// In the same turn, without a task.
        case plain(PlainHandler)
        case task(Handler)
    }

    let method: Method
    let path: String
    /// One line for people.
    let summary: String
    /// The status codes with what each means.
    let answers: KeyValuePairs<Int, String>
    /// What a successful answer is.
    var mediaType = "application/json"
    /// In the query and in headers; those of the path are read from it.
    var parameters: [EndpointParameter] = []
    /// What is sent with it; nil for nothing.
    var body: EndpointBody?
    /// The shape of a successful answer.
    var schema = Schematic.any
    /// Failures that are told in the same shape.
    var toldAlike: [Int] = []
    let action: Action
}

/// An HTTP surface that speaks one kind of client's protocol.
@Loop
protocol Door {
    /// Groups its endpoints in the description.
    var name: String { get }
    var endpoints: [Endpoint] { get }
}

extension Router {
    /// Each task of a request runs in a span below the caller's `traceparent`, if traces are on.
    func add(_ door: any Door, traced tracer: Tracer) {
        for endpoint in door.endpoints {
            switch endpoint.action {
            case .plain(let handler): plain(endpoint.method, endpoint.path, handler)
            case .task(let handler):
                let name = "\(endpoint.method.rawValue) \(endpoint.path)"
                on(endpoint.method, endpoint.path, tracer.isOn ? traced(handler, name, tracer) : handler)
            }
        }
    }

    private func traced(_ handler: @escaping Handler, _ name: String, _ tracer: Tracer) -> Handler {
        { request in
            let parent = request.headers["traceparent"].flatMap {
                TraceContext(traceparent: $0, tracestate: request.headers["tracestate"])
            }
            return try await tracer.span(name, kind: .server, parent: parent) { span in
                let response = try await handler(request)
                span.set("http.response.status_code", LogValue(response.status))
                return response
            }
        }
    }
}
