/// Which proxy a request goes through. None unless an owner says so: nothing is read from the environment here.
public struct ProxySettings: Sendable, Hashable {
    public var http: WebAddress?
    public var https: WebAddress?
    /// Hosts that are reached directly: `example.com` and what is below it, an address, a range, or `*` for all.
    public var exceptions: [String] = []

    public init() {}

    /// From the usual variables. `HTTP_PROXY` in capitals is not one of them: a CGI gateway fills it from a request.
    public init(environment: [String: String]) throws {
        http = try ProxySettings.address(environment, ["http_proxy"])
        https = try ProxySettings.address(environment, ["https_proxy", "HTTPS_PROXY"])
        let list = environment["no_proxy"] ?? environment["NO_PROXY"] ?? ""
        exceptions = list.split { $0 == "," || $0 == " " }.map { $0.lowercased() }
    }

    func proxy(for address: WebAddress) -> WebAddress? {
        guard let proxy = address.scheme.isSecure ? https : http, !isException(address.host) else { return nil }
        return proxy
    }

    private func isException(_ host: WebHost) -> Bool {
        exceptions.contains { entry in
            if entry == "*" { return true }
            switch host {
            case .address(let address): return AddressRange(entry)?.contains(address) ?? false
            case .name(let name):
                let domain = entry.hasPrefix(".") ? String(entry.dropFirst()) : entry
                return !domain.isEmpty && (name == domain || name.hasSuffix("." + domain))
            }
        }
    }

    private static func address(_ environment: [String: String], _ names: [String]) throws -> WebAddress? {
        for name in names {
            guard let text = environment[name], !text.isEmpty else { continue }
            do {
                let address = try WebAddress(text.contains("://") ? text : "http://\(text)", allowsUserinfo: true)
                guard address.scheme == .http || address.scheme == .https else {
                    throw Fault(.invalidInput, "a proxy is reached by http or https")
                }
                return address
            } catch {
                throw Fault(.invalidInput, "\(name): \(Fault(error).message)", hint: "as in http://proxy.example:3128")
            }
        }
        return nil
    }
}
