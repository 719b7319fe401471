/// One run of git: what it is told, and where.
public struct GitCall: Sendable {
    public var arguments: [String]
    public var place = GitPlace()
    public var input: [UInt8] = []
    /// The most of its output that is taken, and what becomes of more.
    public var limit = 8 << 20
    public var overflow = Subprocess.Overflow.fail
    public var deadline: Duration?
    public var usesNetwork = false
    /// Who may be asked for a password, and which.
    public var login: GitLogin?
    /// Other protocols than the settings', such as `file` for what lies beside it.
    public var protocols: [String]?
    public var variables: [String: String] = [:]
    /// Told of each step; its output is then left unread.
    public var onProgress: (@Loop @Sendable (GitProgress) -> Void)?

    public init(_ arguments: [String], in place: GitPlace = GitPlace()) {
        self.arguments = arguments
        self.place = place
    }

    /// Its command, for messages: the rest may name what is nobody's business.
    var verb: String { arguments.first { !$0.hasPrefix("-") } ?? "" }
}

/// Where git works. It never looks for a repository by itself.
public struct GitPlace: Sendable, Equatable {
    /// The repository; nil for calls that need none.
    public var repository: String?
    /// The files, where the call looks at any. Git is started there.
    public var workTree: String?
    public var index: String?
    /// Objects are written there instead of into the repository.
    public var objects: String?
    /// More places with objects.
    public var alternates: [String] = []

    public init(_ repository: String? = nil, workTree: String? = nil, index: String? = nil) {
        self.repository = repository
        self.workTree = workTree
        self.index = index
    }

    var directory: String { workTree ?? "/" }

    var variables: [String: String] {
        var variables: [String: String] = [:]
        variables["GIT_DIR"] = repository
        // Relative: the directory was opened by its owner and is not looked up a second time.
        variables["GIT_WORK_TREE"] = workTree.map { _ in "." }
        variables["GIT_INDEX_FILE"] = index
        variables["GIT_OBJECT_DIRECTORY"] = objects
        if !alternates.isEmpty {
            variables["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = alternates.joined(separator: ":")
        }
        return variables
    }
}

/// A password for one repository of one server, and for nothing else.
public struct GitLogin: Sendable {
    /// `https` or `http`.
    public let scheme: String
    /// With the port, where it is not the scheme's own.
    public let host: String
    /// Without the slash before it.
    public let path: String
    public let user: String
    public let password: Secret

    /// Nil for an address of another protocol, which needs none.
    public init?(for address: String, user: String, password: Secret) {
        guard let colon = address.firstRange(of: "://") else { return nil }
        scheme = String(address[..<colon.lowerBound])
        guard scheme == "https" || scheme == "http" else { return nil }
        let rest = address[colon.upperBound...]
        guard let slash = rest.firstIndex(of: "/") else { return nil }
        host = String(rest[..<slash])
        path = String(rest[rest.index(after: slash)...])
        self.user = user
        self.password = password
    }

    /// Whether git asks for just this. A path is always said, because the configuration wants it.
    func answers(_ request: CredentialRequest) -> Bool {
        request.scheme == scheme && request.host == host
            && GitLogin.plain(request.path) == GitLogin.plain(path)
    }

    private static func plain(_ path: String) -> Substring {
        var path = path[...]
        while path.hasSuffix("/") { path.removeLast() }
        return path.hasSuffix(".git") ? path.dropLast(4) : path
    }
}
