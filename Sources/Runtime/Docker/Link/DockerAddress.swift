import Glibc

/// Where a Docker Engine answers, as `DOCKER_HOST`, `DOCKER_TLS_VERIFY` and `DOCKER_CERT_PATH` say it.
public struct DockerAddress: Sendable, Hashable {
    public static let usualSocket = "/var/run/docker.sock"
    /// Where an engine of this machine listens unless somebody told it otherwise.
    public static let usual = DockerAddress(usualSocket, try! WebAddress("http://docker"))

    /// Where an engine listens when nobody says where: the machine's own, or, where this user may not use that, a rootless
    /// one of the user's.
    public static func usualPath(user: UInt32, isUsable: (String) -> Bool) -> String {
        let own = "/run/user/\(user)/docker.sock"
        return !isUsable(usualSocket) && isUsable(own) ? own : usualSocket
    }

    /// Whether containers' ports on the engine's loopback can be those of this machine's: over the network nobody knows.
    public var isHere: Bool {
        unixPath != nil || ["127.0.0.1", "localhost", "[::1]", "::1"].contains(base.host.description)
    }

    /// A socket of this machine; nil for an engine that is reached over the network.
    public let unixPath: String?
    /// What requests name, also where a socket is what they go to.
    public let base: WebAddress
    /// `ca.pem`, `cert.pem` and `key.pem` are there; nil without TLS.
    public let certificates: String?

    public init(unixPath: String) throws {
        guard unixPath.hasPrefix("/"), unixPath.utf8.count < 108 else {
            throw Fault(
                .invalidInput, "`\(unixPath)` is no path of a Docker socket",
                hint: "absolute, and shorter than 108 bytes, as in unix:///var/run/docker.sock")
        }
        self.init(unixPath, DockerAddress.usual.base)
    }

    private init(_ unixPath: String, _ base: WebAddress) {
        self.unixPath = unixPath
        self.base = base
        certificates = nil
    }

    /// Empty texts count as unset.
    public init(host: String, verifiesTLS: Bool = false, certificates: String = "") throws {
        if host.isEmpty {
            try self.init(unixPath: DockerAddress.usualSocket)
        } else if host.hasPrefix("unix://") {
            try self.init(unixPath: String(host.dropFirst(7)))
        } else if host.hasPrefix("tcp://") || host.hasPrefix("http://") || host.hasPrefix("https://") {
            try self.init(network: host, verifiesTLS || host.hasPrefix("https://"), certificates)
        } else {
            throw Fault(
                .invalidInput, "DOCKER_HOST: `\(host)` is no address that Perigee can reach",
                hint: "unix:///path/of/docker.sock or tcp://host:2376; for ssh:// forward the socket with ssh -L")
        }
    }

    private init(network host: String, _ isSecure: Bool, _ certificates: String) throws {
        let rest = host[host.range(after: "://")...]
        let named = try WebAddress("http://\(rest)")
        // Docker's own ports; an explicit 80 says the same as none.
        let port = named.port == 80 && !rest.hasSuffix(":80") ? (isSecure ? 2376 : 2375) : named.port
        base = try WebAddress(scheme: isSecure ? .https : .http, host: named.host, port: port)
        unixPath = nil
        guard isSecure else {
            self.certificates = nil
            return
        }
        guard certificates.hasPrefix("/") else {
            throw Fault(
                .invalidInput, "Docker at \(base.origin) is to be reached with TLS, and DOCKER_CERT_PATH is not set",
                hint: "the directory that has ca.pem, cert.pem and key.pem")
        }
        self.certificates = certificates
    }

    /// What messages call it.
    public var name: String { unixPath.map { "Docker at \($0)" } ?? "Docker at \(base.origin)" }

    /// A client of its own: an engine's certificates are nobody else's.
    @Loop
    public func client() -> HTTPClient {
        var settings = HTTPClientSettings()
        // The owner named this address.
        settings.guarding = .open
        settings.redirects = 0
        settings.deadlines = HTTPDeadlines(connect: .seconds(5), head: nil, idle: nil)
        if let certificates {
            settings.certificates = "\(certificates)/ca.pem"
            settings.identity = .init(certificate: "\(certificates)/cert.pem", key: "\(certificates)/key.pem")
        }
        return HTTPClient(settings)
    }

    /// Why there is no way to the socket, where the file system knows.
    func obstacle() -> Fault? {
        guard let unixPath, access(unixPath, R_OK | W_OK) != 0 else { return nil }
        if errno == EACCES {
            return Fault(
                .denied, "\(name): this user may not use the socket",
                hint: "add the user to the group that owns it (usually docker), or set DOCKER_HOST to a rootless "
                    + "engine's socket")
        }
        return Fault(
            .unavailable, "\(name): there is no socket (\(String(cString: strerror(errno))))",
            hint: "start Docker, or set DOCKER_HOST to where it listens")
    }
}

extension String {
    /// Where the text after the first `mark` begins; the end when there is none.
    fileprivate func range(after mark: String) -> Index {
        var start = startIndex
        while start < endIndex, !self[start...].hasPrefix(mark) { start = index(after: start) }
        return index(start, offsetBy: mark.count, limitedBy: endIndex) ?? endIndex
    }
}
