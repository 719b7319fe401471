import Runtime

/// A message of the Model Context Protocol: JSON-RPC 2.0.
enum MCPMessage: Equatable {
    case request(id: JSONValue, method: String, params: JSONValue)
    case notification(method: String, params: JSONValue)
    /// An answer to something that we never ask.
    case response
    case invalid(id: JSONValue, reason: String)

    init(_ value: JSONValue) {
        guard case .object(let members) = value else {
            self = .invalid(id: .null, reason: "a message is an object")
            return
        }
        let id = members["id"]
        let isGoodID: Bool =
            switch id {
            case .string, .integer, .number: true
            default: false
            }
        guard members["jsonrpc"] == "2.0" else {
            self = .invalid(id: isGoodID ? id! : .null, reason: "jsonrpc must be \"2.0\"")
            return
        }
        guard let method = members["method"]?.string else {
            let isResponse = members["result"] != nil || members["error"] != nil
            self = isResponse ? .response : .invalid(id: isGoodID ? id! : .null, reason: "there is no method")
            return
        }
        let params = members["params"] ?? [:]
        guard case .object = params else {
            self = .invalid(id: isGoodID ? id! : .null, reason: "params must be an object")
            return
        }
        guard let id else {
            self = .notification(method: method, params: params)
            return
        }
        self =
            isGoodID ? .request(id: id, method: method, params: params) : .invalid(id: .null, reason: "the id is bad")
    }
}

/// What goes wrong in the protocol itself, by JSON-RPC's numbers.
struct MCPError: Error, Equatable {
    let code: Int64
    let message: String

    static func parse(_ message: String) -> MCPError { MCPError(code: -32700, message: message) }
    static func request(_ message: String) -> MCPError { MCPError(code: -32600, message: message) }
    static func method(_ name: String) -> MCPError {
        MCPError(code: -32601, message: "there is no method \(name) here")
    }
    static func params(_ message: String) -> MCPError { MCPError(code: -32602, message: message) }
    static let inside = MCPError(code: -32603, message: "something went wrong on the server; its log says what")

    func reply(to id: JSONValue) -> JSONValue {
        ["jsonrpc": "2.0", "id": id, "error": ["code": .integer(code), "message": .string(message)]]
    }
}

/// The versions of the protocol that are spoken here, the newest first.
enum MCPVersion: String, CaseIterable {
    case v20250618 = "2025-06-18"
    case v20250326 = "2025-03-26"

    /// What the client asked for if it is spoken here, else the newest: the client decides whether it can live with that.
    static func agree(_ wanted: String?) -> MCPVersion {
        wanted.flatMap { MCPVersion(rawValue: $0) } ?? allCases[0]
    }

    /// Only one version has several messages in one body.
    var allowsBatches: Bool { self == .v20250326 }
}
