/// One request to the Engine, below the version's prefix.
struct DockerCall: Sendable {
    enum Body: Sendable {
        case none
        case json(JSONValue)
        /// A tar archive, or another form that is no JSON.
        case raw(HTTPRequest.Body, type: String)
    }

    /// The path by which an image comes from its registry.
    static let pulling = "/images/create"

    var method: Method
    var path: String
    var query: [(name: String, value: String)]
    var body: Body
    /// Completes "Docker could not …": what is being done, with the object's name.
    let subject: String
    /// How long it may take; the usual patience when nil.
    var limit: Duration?

    init(
        _ method: Method, _ path: String, query: [(name: String, value: String)] = [], body: Body = .none,
        _ subject: String, limit: Duration? = nil
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.body = body
        self.subject = subject
        self.limit = limit
    }
}

/// How long an engine may take.
public struct DockerPatience: Sendable {
    /// For what it only has to look up.
    public var look = Duration.seconds(20)
    /// For what it makes, starts or removes.
    public var work = Duration.seconds(60)
    /// Between two words of a pull.
    public var pull = Duration.seconds(300)
    /// For measuring what all objects take on its disk.
    public var measure = Duration.seconds(180)

    public init() {}
}

/// Names that become part of a path.
enum DockerName {
    /// Of a container, network or volume, or an id.
    static func checked(_ name: String, _ what: String) throws -> String {
        let bytes = name.utf8
        let isPlain = bytes.allSatisfy { $0.isNameByte }
        guard (1...255).contains(bytes.count), isPlain, let first = bytes.first, first.isAlphanumeric else {
            throw Fault(
                .invalidInput, "`\(name)` is no name of a \(what)",
                hint: "letters, digits, `_`, `.` and `-`, the first one a letter or a digit")
        }
        return name
    }

    /// `alpine`, `ghcr.io/owner/name:tag`, `name@sha256:…` or an id.
    static func checked(image name: String) throws -> String {
        let bytes = name.utf8
        let isPlain = bytes.allSatisfy { $0.isNameByte || [47, 58, 64].contains($0) }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...512).contains(bytes.count), isPlain, let first = bytes.first, first.isAlphanumeric,
            !parts.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." })
        else {
            throw Fault(
                .invalidInput, "`\(name)` is no name of an image", hint: "as in ghcr.io/anomalyco/opencode:latest")
        }
        return name
    }
}

extension UInt8 {
    fileprivate var isAlphanumeric: Bool {
        (48...57).contains(self) || (65...90).contains(self) || (97...122).contains(self)
    }

    fileprivate var isNameByte: Bool { isAlphanumeric || self == 95 || self == 46 || self == 45 }
}
