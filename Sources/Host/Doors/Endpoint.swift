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
    func add(_ door: any Door) {
        for endpoint in door.endpoints {
            switch endpoint.action {
            case .plain(let handler): plain(endpoint.method, endpoint.path, handler)
            case .task(let handler): on(endpoint.method, endpoint.path, handler)
            }
        }
    }
}
