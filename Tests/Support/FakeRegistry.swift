public import Runtime

/// A registry of images on a loopback port: the pulling half of the OCI distribution API, and the ways in which one fails.
/// It is in the network of whoever makes it.
@Loop
public final class FakeRegistry {
    public enum Manner: Sendable {
        case well
        /// Layers stop half-way until `goOn`.
        case slow
        /// Layers have other bytes than their digests say.
        case corrupt
        /// Every request is refused so, as a registry says it.
        case refusing(Int, code: String)
    }

    public let port: Int
    public var manner = Manner.well
    /// As `GET /v2/a/b/manifests/1`.
    public private(set) var requests: [String] = []
    private var blobs: [String: [UInt8]] = [:]
    private var manifests: [String: String] = [:]
    private var waiting: [Waiter<Void>] = []
    private let scope = Scope("fake registry") { _, _ in }
    private let server: Server

    public init() throws {
        let router = Router()
        server = Server(router, scope: scope)
        port = try server.listen(host: "127.0.0.1", port: 0)
        router.on(.get, "/v2/") { [unowned self] request in try begin(request) ?? .json("{}") }
        router.on(.get, "/v2/{owner}/{name}/manifests/{reference}") { [unowned self] request in
            try begin(request) ?? manifest(request)
        }
        router.on(.get, "/v2/{owner}/{name}/blobs/{digest}") { [unowned self] request in
            try begin(request) ?? blob(request)
        }
    }

    /// As Docker names an image of this registry.
    public func name(_ repository: String, _ tag: String) -> String { "127.0.0.1:\(port)/\(repository):\(tag)" }

    /// Lets what is slow go on.
    public func goOn() {
        manner = .well
        for waiter in waiting { waiter.finish(.success(())) }
        waiting = []
    }

    public func close() async {
        goOn()
        await server.drain(grace: .zero)
        await scope.close()
    }

    /// Takes in an image of the bed's, with a layer of its own that has `version` in `/etc/version` and is large enough to be
    /// slow, as Docker fetches no layer that it has by another name. Returns the digest
    /// under which it can be pulled.
    @discardableResult
    public func add(_ repository: String, tag: String, version: String, of image: String, in bed: DockerBed)
        async throws
        -> String
    {
        let directory = TemporaryDirectory()
        let archive = "\(directory.path)/image.tar"
        try await bed.docker(["save", "-o", archive, image])
        directory.write(version, to: "layer/etc/version")
        directory.write(Random.token(bytes: 3 << 20), to: "layer/etc/ballast")
        for words in [
            ["-C", directory.path, "-xf", archive],
            ["-C", "\(directory.path)/layer", "-cf", "\(directory.path)/layer.tar", "etc"],
        ] {
            let done = try await Subprocess.run(["tar"] + words)
            guard done.succeeded else { throw Fault(.internal, "tar: \(done.errorText)") }
        }
        let saved = try JSON.parse(try await FakeRegistry.bytes("\(directory.path)/manifest.json"))[0]
        var layers: [JSONValue] = []
        for path in saved["Layers"].elements.compactMap(\.string) + ["layer.tar"] {
            layers.append(
                keep(
                    try await FakeRegistry.bytes("\(directory.path)/\(path)"),
                    "application/vnd.docker.image.rootfs.diff.tar"))
        }
        let text = try await FakeRegistry.bytes("\(directory.path)/\(saved["Config"].string ?? "")")
        guard case .object(var config)? = try JSON.parse(text).value else { throw Fault(.internal, "no configuration") }
        config["rootfs"] = ["type": "layers", "diff_ids": .array(layers.map { $0["digest"] ?? .null })]
        config["history"] = .null
        let manifest: JSONValue = [
            "schemaVersion": 2, "mediaType": .string(FakeRegistry.manifestType),
            "config": keep(try JSON.encode(JSONValue.object(config)), "application/vnd.docker.container.image.v1+json"),
            "layers": .array(layers),
        ]
        let digest = keep(try JSON.encode(manifest), FakeRegistry.manifestType)["digest"]?.string ?? ""
        manifests["\(repository):\(tag)"] = digest
        return digest
    }

    private static let manifestType = "application/vnd.docker.distribution.manifest.v2+json"

    private static func bytes(_ path: String) async throws -> [UInt8] {
        try await Subprocess.run(["cat", path], .init(output: .collect(512 << 20, .fail))).output
    }

    /// As a manifest names it.
    private func keep(_ bytes: [UInt8], _ type: String) -> JSONValue {
        let digest = "sha256:\(Hex.encode(SHA256.hash(bytes)))"
        blobs[digest] = bytes
        return ["mediaType": .string(type), "size": .integer(Int64(bytes.count)), "digest": .string(digest)]
    }

    // MARK: answering

    private func begin(_ request: Request) throws -> Response? {
        requests.append("\(request.method.rawValue) \(request.path)")
        guard case .refusing(let status, let code) = manner else { return nil }
        return try refusal(status, code)
    }

    private func refusal(_ status: Int, _ code: String) throws -> Response {
        let body: JSONValue = ["errors": [["code": .string(code), "message": .string("as the test wants it")]]]
        var response = Response.json(try JSON.encode(body), status: status)
        if status == 401 { response.headers.add("WWW-Authenticate", "Basic realm=\"test\"") }
        return response
    }

    private func manifest(_ request: Request) throws -> Response {
        let repository = "\(request.parameters["owner"] ?? "")/\(request.parameters["name"] ?? "")"
        let reference = request.parameters["reference"] ?? ""
        let digest = manifests["\(repository):\(reference)"] ?? reference
        guard let bytes = blobs[digest] else { return try refusal(404, "MANIFEST_UNKNOWN") }
        return Response(
            200, ["Content-Type": FakeRegistry.manifestType, "Docker-Content-Digest": digest], body: .bytes(bytes))
    }

    private func blob(_ request: Request) throws -> Response {
        guard let bytes = blobs[request.parameters["digest"] ?? ""] else { return try refusal(404, "BLOB_UNKNOWN") }
        let size = "\(bytes.count)"
        // A configuration is small, and comes whole.
        guard bytes.count > 64 << 10 else {
            return Response(200, ["Content-Type": "application/octet-stream"], body: .bytes(bytes))
        }
        return Response(
            200, ["Content-Type": "application/octet-stream", "Content-Length": size],
            body: .stream { [self] writer in try await send(bytes, to: writer) })
    }

    private func send(_ bytes: [UInt8], to writer: ResponseWriter) async throws {
        let half = bytes.count / 2
        for start in stride(from: 0, to: bytes.count, by: 1 << 20) {
            if start >= half, case .slow = manner {
                let waiter = Waiter<Void>("a slow registry")
                waiting.append(waiter)
                try await waiter.value()
            }
            var piece = Array(bytes[start..<min(start + 1 << 20, bytes.count)])
            if case .corrupt = manner { piece[0] ^= 1 }
            try await writer.write(piece)
        }
    }
}
