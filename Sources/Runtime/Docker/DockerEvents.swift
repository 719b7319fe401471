/// Something that happened to an object of an engine.
public struct DockerEvent: Sendable, Equatable {
    /// `container`, `network`, `volume`, `image`, `daemon`.
    public let type: String
    /// `create`, `start`, `die`, `oom`, `destroy` and others.
    public let action: String
    public let id: String
    /// What Docker tells of the object: its name, its labels, `exitCode`.
    public let attributes: [String: String]
    /// Seconds since 1970.
    public let time: Double

    init(_ view: JSONView) {
        type = view["Type"].string ?? ""
        action = view["Action"].string ?? ""
        id = view["Actor"]["ID"].string ?? ""
        attributes = view["Actor"]["Attributes"].textMap
        time = view["timeNano"].number.map { $0 / 1e9 } ?? view["time"].number ?? 0
    }
}

/// Events as they come. The stream ends with its last holder, and when the engine does.
@Loop
public final class DockerEvents {
    private var body: DockerBody?

    init(_ body: DockerBody) { self.body = body }

    /// The next one; nil when the engine has ended the stream, or it was closed.
    public func next() async throws -> DockerEvent? { try await body?.nextValue().map { DockerEvent($0) } }

    public func close() { body = nil }
}

extension DockerEngine {
    /// From now on, or from `since` (seconds since 1970); to `until`, or for ever. Of objects with these labels only.
    public func events(
        since: Double? = nil, until: Double? = nil, types: [String] = [], labels: [String] = []
    ) async throws -> DockerEvents {
        var filters: [String: [String]] = [:]
        if !types.isEmpty { filters["type"] = types }
        if !labels.isEmpty { filters["label"] = labels }
        var query = try DockerEngine.filters(filters)
        if let since { query.append(("since", DockerEngine.text(since))) }
        if let until { query.append(("until", DockerEngine.text(until))) }
        return DockerEvents(
            try await link.begin(DockerCall(.get, "/events", query: query, "tell what happens"), idle: nil))
    }

    /// Seconds with their fraction, never as 1e9.
    static func text(_ moment: Double) -> String {
        let nanoseconds = Int64(moment * 1e9)
        let fraction = "\(nanoseconds % 1_000_000_000)"
        return "\(nanoseconds / 1_000_000_000).\(String(repeating: "0", count: 9 - fraction.count))\(fraction)"
    }
}
