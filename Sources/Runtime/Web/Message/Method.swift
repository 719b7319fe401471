/// The request methods that routes can be written for; the server answers any other with 405.
public enum Method: String, Sendable, CaseIterable {
    case get = "GET"
    case head = "HEAD"
    case post = "POST"
    case put = "PUT"
    case patch = "PATCH"
    case delete = "DELETE"
    case options = "OPTIONS"
    case trace = "TRACE"
    case connect = "CONNECT"

    /// What may be served somewhere, as `Allow` says it.
    static let served = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
}
