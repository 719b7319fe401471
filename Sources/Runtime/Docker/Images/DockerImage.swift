public struct DockerImage: Sendable, Equatable {
    /// As `sha256:…`; it never means another image.
    public let id: String
    /// As `alpine:3`.
    public let tags: [String]
    /// As `alpine@sha256:…`: under which the registry gave it.
    public let digests: [String]
    public let labels: [String: String]
    public let bytes: Int
    /// Seconds since 1970.
    public let created: Double
    /// What a container of it runs; only when it was inspected.
    public let entryPoint: [String]
    public let command: [String]
    public let user: String

    /// Of a list, where the moment is a number, or of an inspection.
    public init(_ view: JSONView) {
        let config = view["Config"]
        id = view["Id"].string ?? ""
        tags = view["RepoTags"].textList
        digests = view["RepoDigests"].textList
        labels = config["Labels"].exists ? config["Labels"].textMap : view["Labels"].textMap
        bytes = view["Size"].integer ?? 0
        created = view["Created"].number ?? view["Created"].moment ?? 0
        entryPoint = config["Entrypoint"].textList
        command = config["Cmd"].textList
        user = config["User"].string ?? ""
    }
}

/// An image that was built with our label.
@Loop
public struct OwnImage {
    public let id: String
    private let link: DockerLink

    fileprivate init(_ engine: DockerEngine, id: String) {
        link = engine.link
        self.id = id
    }

    /// A conflict while a container uses it, or several names stand for it.
    public func remove() async throws {
        try await link.ask(
            DockerCall(.delete, "/images/\(id)", "remove the image \(id)", limit: link.patience.work))
    }
}

extension DockerEngine {
    public func images(labels: [String] = []) async throws -> [DockerImage] {
        let query = try DockerEngine.filters(labels.isEmpty ? [:] : ["label": labels])
        return try await link.list(DockerCall(.get, "/images/json", query: query, "list images")) { DockerImage($0) }
    }

    public func image(_ name: String) async throws -> DockerImage {
        let name = try DockerName.checked(image: name)
        return DockerImage(try await link.ask(DockerCall(.get, "/images/\(name)/json", "inspect the image \(name)")))
    }

    public func own(image name: String) async throws -> OwnImage {
        let image = try await image(name)
        try mark.check(image.labels, "the image \(name)")
        return OwnImage(self, id: image.id)
    }

    /// Fetches an image from its registry and says on the way how far it is, in words for people.
    @discardableResult
    public func pull(_ name: String, onProgress: (String) -> Void = { _ in }) async throws -> DockerImage {
        let name = try DockerName.checked(image: name)
        let reference = ImageReference(name)
        var query = [(name: "fromImage", value: reference.repository)]
        query.append(("tag", reference.tagOrDigest))
        let call = DockerCall(
            .post, DockerCall.pulling, query: query, "pull the image \(name)", limit: link.patience.pull)
        let body = try await link.begin(call, idle: link.patience.pull)
        var progress = PullProgress()
        while let line = try await body.nextValue() {
            if let said = line["error"].string { throw DockerFaults.told(call, said, address) }
            if let words = progress.take(line) { onProgress("\(words) of \(name)") }
        }
        return try await image(name)
    }

    /// Takes images in from an archive that `docker save` made, as it comes.
    public func load(_ archive: HTTPRequest.Body) async throws {
        let call = DockerCall(
            .post, "/images/load", query: [("quiet", "true")], body: .raw(archive, type: "application/x-tar"),
            "load an archive of images", limit: link.patience.pull)
        let body = try await link.begin(call, idle: link.patience.pull)
        while let line = try await body.nextValue() {
            if let said = line["error"].string { throw DockerFaults.told(call, said, address) }
        }
    }
}

/// The parts of an image's name.
struct ImageReference: Equatable {
    let repository: String
    /// `latest` where none is named: without one the Engine would fetch them all.
    let tagOrDigest: String

    init(_ name: String) {
        if let at = name.firstIndex(of: "@") {
            // A tag beside a digest says nothing.
            let named = ImageReference(String(name[..<at]))
            repository = named.repository
            tagOrDigest = String(name[name.index(after: at)...])
            return
        }
        // A colon before the last slash is a registry's port.
        let last = name.lastIndex(of: "/") ?? name.startIndex
        guard let colon = name[last...].lastIndex(of: ":") else {
            (repository, tagOrDigest) = (name, "latest")
            return
        }
        (repository, tagOrDigest) = (String(name[..<colon]), String(name[name.index(after: colon)...]))
    }
}
