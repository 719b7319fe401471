extension HTTPClient {
    /// Opens a WebSocket to a `ws`, `wss`, `http` or `https` address, under the same guard, certificates, proxies and
    /// connect deadline as requests.
    public func webSocket(
        to address: WebAddress, unixPath: String? = nil, headers: Headers = Headers(), protocols: [String] = [],
        settings: WebSocketSettings = WebSocketSettings(), guarding: AddressGuard? = nil
    ) async throws -> WebSocket {
        let transport = try await connect(to: address, unixPath: unixPath, guarding: guarding)
        return try await WebSocketClient.connect(
            transport: transport, host: address.authority, path: address.target, headers: headers,
            protocols: protocols, settings: settings)
    }
}
