public struct DockerNetwork: Sendable, Equatable {
    public let id: String
    public let name: String
    public let driver: String
    public let labels: [String: String]
    /// Without a way out.
    public let isInternal: Bool
    /// As `172.18.0.0/16`.
    public let subnets: [String]
    public let gateways: [String]
    /// Ids of the containers on it, by name; only when it was inspected.
    public let containers: [String: String]

    init(_ view: JSONView) {
        id = view["Id"].string ?? ""
        name = view["Name"].string ?? ""
        driver = view["Driver"].string ?? ""
        labels = view["Labels"].textMap
        isInternal = view["Internal"].bool ?? false
        let blocks = view["IPAM"]["Config"].elements
        subnets = blocks.compactMap { $0["Subnet"].string }
        gateways = blocks.compactMap { $0["Gateway"].string }
        var containers: [String: String] = [:]
        for (id, member) in view["Containers"].members { containers[member["Name"].string ?? id] = id }
        self.containers = containers
    }
}

/// A network that bears our labels.
@Loop
public struct OwnNetwork {
    public let id: String
    public let name: String
    private let link: DockerLink

    fileprivate init(_ engine: DockerEngine, id: String, name: String) {
        link = engine.link
        self.id = id
        self.name = name
    }

    /// Puts a container on it, whoever's; the container stays on its other networks.
    public func connect(_ container: String, aliases: [String] = []) async throws {
        let container = try DockerName.checked(container, "container")
        var fields: JSONObject = ["Container": .string(container)]
        if !aliases.isEmpty { fields["EndpointConfig"] = ["Aliases": .array(aliases.map { .string($0) })] }
        try await change("connect", fields, "put \(container) on the network \(name)")
    }

    public func disconnect(_ container: String) async throws {
        let container = try DockerName.checked(container, "container")
        try await change(
            "disconnect", ["Container": .string(container), "Force": true], "take \(container) off the network \(name)")
    }

    public func remove() async throws {
        try await link.ask(
            DockerCall(.delete, "/networks/\(id)", "remove the network \(name)", limit: link.patience.work))
    }

    private func change(_ verb: String, _ fields: JSONObject, _ subject: String) async throws {
        try await link.ask(
            DockerCall(
                .post, "/networks/\(id)/\(verb)", body: .json(.object(fields)), subject, limit: link.patience.work))
    }
}

extension DockerEngine {
    public func networks(labels: [String] = []) async throws -> [DockerNetwork] {
        let query = try DockerEngine.filters(labels.isEmpty ? [:] : ["label": labels])
        let list = try await link.ask(DockerCall(.get, "/networks", query: query, "list networks"))
        return list.elements.map { DockerNetwork($0) }
    }

    public func network(_ name: String) async throws -> DockerNetwork {
        let name = try DockerName.checked(name, "network")
        return DockerNetwork(
            try await link.ask(DockerCall(.get, "/networks/\(name)", "inspect the network \(name)")))
    }

    public func own(network name: String) async throws -> OwnNetwork {
        let network = try await network(name)
        try mark.check(network.labels, "the network \(network.name)")
        return OwnNetwork(self, id: network.id, name: network.name)
    }

    /// Makes a bridge network. Without a subnet the engine chooses one.
    public func create(
        network name: String, labels: [String: String] = [:], isInternal: Bool = false, subnet: String? = nil
    ) async throws -> OwnNetwork {
        let name = try DockerName.checked(name, "network")
        let all = labels.merging(mark.labels) { _, ours in ours }.sorted { $0.key < $1.key }
        var fields: JSONObject = [
            "Name": .string(name), "Driver": "bridge", "Internal": .bool(isInternal), "CheckDuplicate": true,
            "Labels": .object(JSONObject(all.map { ($0.key, .string($0.value)) })),
        ]
        if let subnet { fields["IPAM"] = ["Driver": "default", "Config": [["Subnet": .string(subnet)]]] }
        let made = try await link.ask(
            DockerCall(
                .post, "/networks/create", body: .json(.object(fields)), "make the network \(name)",
                limit: link.patience.work))
        return OwnNetwork(self, id: try DockerName.checked(made["Id"].string ?? "", "network"), name: name)
    }
}
