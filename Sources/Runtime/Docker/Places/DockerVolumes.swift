public struct DockerVolume: Sendable, Equatable {
    public let name: String
    public let driver: String
    /// Where it is on the engine's machine.
    public let mountpoint: String
    public let labels: [String: String]
    /// Of the driver, as an NFS server's name; a plain local volume has none.
    public let options: [String: String]
    public let created: Double?

    public init(_ view: JSONView) {
        name = view["Name"].string ?? ""
        driver = view["Driver"].string ?? ""
        mountpoint = view["Mountpoint"].string ?? ""
        labels = view["Labels"].textMap
        options = view["Options"].textMap
        created = view["CreatedAt"].moment
    }
}

/// A volume that bears our labels. Volumes have no ids, so a name is all that there is to hold.
@Loop
public struct OwnVolume {
    public let name: String
    private let link: DockerLink

    fileprivate init(_ engine: DockerEngine, name: String) {
        link = engine.link
        self.name = name
    }

    public func remove() async throws {
        try await link.ask(
            DockerCall(.delete, "/volumes/\(name)", "remove the volume \(name)", limit: link.patience.work))
    }
}

extension DockerEngine {
    public func volumes(labels: [String] = []) async throws -> [DockerVolume] {
        let query = try DockerEngine.filters(labels.isEmpty ? [:] : ["label": labels])
        let list = try await link.ask(DockerCall(.get, "/volumes", query: query, "list volumes"))
        return list["Volumes"].elements.map { DockerVolume($0) }
    }

    public func volume(_ name: String) async throws -> DockerVolume {
        let name = try DockerName.checked(name, "volume")
        return DockerVolume(try await link.ask(DockerCall(.get, "/volumes/\(name)", "inspect the volume \(name)")))
    }

    public func own(volume name: String) async throws -> OwnVolume {
        let volume = try await volume(name)
        try mark.check(volume.labels, "the volume \(volume.name)")
        return OwnVolume(self, name: volume.name)
    }

    /// Makes it. One of that name that is ours already is given back; somebody else's is a conflict.
    public func create(volume name: String, labels: [String: String] = [:]) async throws -> OwnVolume {
        let name = try DockerName.checked(name, "volume")
        let all = labels.merging(mark.labels) { _, ours in ours }.sorted { $0.key < $1.key }
        let fields: JSONObject = [
            "Name": .string(name), "Labels": .object(JSONObject(all.map { ($0.key, .string($0.value)) })),
        ]
        // The Engine answers with the one that is there, whoever's it is.
        let made = DockerVolume(
            try await link.ask(
                DockerCall(
                    .post, "/volumes/create", body: .json(.object(fields)), "make the volume \(name)",
                    limit: link.patience.work)))
        try mark.check(made.labels, "the volume \(name)")
        return OwnVolume(self, name: made.name)
    }
}
