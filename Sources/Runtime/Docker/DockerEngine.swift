/// A Docker Engine: what is there, and the making of what is ours.
///
/// Anything may be looked at. What may be changed is a type of its own (`OwnContainer`, `OwnNetwork`, `OwnVolume`,
/// `OwnImage`), and the only ways to one are to make it and to have its labels checked.
@Loop
public final class DockerEngine {
    public let address: DockerAddress
    public let mark: DockerMark
    let link: DockerLink
    /// Closed with the engine.
    private let client: HTTPClient?

    public init(_ address: DockerAddress, mark: DockerMark, patience: DockerPatience = DockerPatience()) {
        let client = address.client()
        self.address = address
        self.mark = mark
        self.client = client
        link = DockerLink(
            address, patience, negotiates: true,
            send: { request in
                let answer = try await client.send(request)
                return WorldAnswer(status: answer.status, headers: answer.headers, address: answer.address) {
                    try await answer.body.next()
                }
            },
            connect: { try await client.connect(to: address.base, unixPath: address.unixPath) })
    }

    /// An engine of a spec's making: requests to `http://docker/…`, without a version, and the owner `spec`.
    init(answeredBy http: any WorldHTTP) {
        address = .usual
        mark = DockerMark(owner: "spec")
        client = nil
        link = DockerLink(address, DockerPatience(), negotiates: false, send: { try await http.send($0) })
    }

    public func close() async { await client?.close() }

    /// The API's version that is spoken with it.
    public func version() async throws -> DockerVersion { try await link.version() }

    /// Whether it answers.
    public func ping() async throws {
        try await link.ask(DockerCall(.get, "/_ping", "answer", limit: link.patience.look))
    }

    public func info() async throws -> DockerInfo {
        DockerInfo(try await link.ask(DockerCall(.get, "/info", "describe itself")))
    }

    /// What its objects take on its disk. It counts files, which takes its time.
    public func usage() async throws -> DockerUsage {
        DockerUsage(
            try await link.ask(
                DockerCall(.get, "/system/df", "measure what its objects take", limit: link.patience.measure)))
    }

    /// `{"label": ["a=b"]}`, as lists take it.
    static func filters(_ filters: [String: [String]]) throws -> [(name: String, value: String)] {
        guard !filters.isEmpty else { return [] }
        let members = filters.sorted { $0.key < $1.key }
            .map { ($0.key, JSONValue.array($0.value.map { .string($0) })) }
        return [("filters", String(decoding: try JSON.encode(JSONValue.object(JSONObject(members))), as: UTF8.self))]
    }
}

/// What an engine says of itself.
public struct DockerInfo: Sendable, Equatable {
    public let id: String
    public let name: String
    /// Of the program, as `20.10.24`.
    public let version: String
    public let system: String
    public let architecture: String
    public let processors: Int
    public let memory: Int
    public let running: Int
    public let containers: Int
    /// As `name=seccomp,profile=default`, `name=rootless`.
    public let security: [String]
    public let storage: String
    /// What it cannot do here, in its own words.
    public let warnings: [String]

    public var isRootless: Bool { security.contains { $0.hasPrefix("name=rootless") } }

    init(_ view: JSONView) {
        id = view["ID"].string ?? ""
        name = view["Name"].string ?? ""
        version = view["ServerVersion"].string ?? ""
        system = view["OperatingSystem"].string ?? ""
        architecture = view["Architecture"].string ?? ""
        processors = view["NCPU"].integer ?? 0
        memory = view["MemTotal"].integer ?? 0
        running = view["ContainersRunning"].integer ?? 0
        containers = view["Containers"].integer ?? 0
        security = view["SecurityOptions"].textList
        storage = view["Driver"].string ?? ""
        warnings = view["Warnings"].textList
    }
}

/// Bytes on an engine's disk.
public struct DockerUsage: Sendable, Equatable {
    public let layers: Int
    /// By id, name where there is one.
    public let images: [String: Int]
    /// What containers wrote outside of their volumes.
    public let containers: [String: Int]
    public let volumes: [String: Int]
    public let buildCache: Int

    init(_ view: JSONView) {
        layers = view["LayersSize"].integer ?? 0
        images = DockerUsage.sizes(view["Images"]) { item in
            (item["RepoTags"][0].string ?? item["Id"].string, item["Size"].integer)
        }
        containers = DockerUsage.sizes(view["Containers"]) { item in
            (item["Names"][0].string.map { String($0.drop { $0 == "/" }) }, item["SizeRw"].integer)
        }
        volumes = DockerUsage.sizes(view["Volumes"]) { item in
            (item["Name"].string, item["UsageData"]["Size"].integer)
        }
        buildCache = view["BuildCache"].elements.reduce(0) { $0 + ($1["Size"].integer ?? 0) }
    }

    private static func sizes(_ list: JSONView, _ read: (JSONView) -> (String?, Int?)) -> [String: Int] {
        var sizes: [String: Int] = [:]
        for item in list.elements {
            let (name, size) = read(item)
            if let name { sizes[name] = max(size ?? 0, 0) }
        }
        return sizes
    }
}
