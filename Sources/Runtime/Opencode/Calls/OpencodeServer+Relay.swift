extension OpencodeServer {
    /// A request of somebody else's that is passed on: to this path and query, encoded as they are, with the server's
    /// own credentials. For no call of this program's own.
    public func request(_ method: Method, target: String) throws -> HTTPRequest {
        try link.request(method, target: target)
    }
}
