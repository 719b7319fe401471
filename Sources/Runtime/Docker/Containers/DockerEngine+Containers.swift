// Containers, whoever's they are: only looked at.

extension DockerEngine {
    /// Those that run, or all; with these labels, each as `name` or `name=value`.
    public func containers(all: Bool = false, labels: [String] = []) async throws -> [DockerContainer] {
        var query = try DockerEngine.filters(labels.isEmpty ? [:] : ["label": labels])
        query.append(("all", all ? "true" : "false"))
        let call = DockerCall(.get, "/containers/json", query: query, "list containers")
        return try await link.list(call) { DockerContainer($0) }
    }

    public func container(_ name: String) async throws -> DockerContainerDetails {
        let name = try DockerName.checked(name, "container")
        return DockerContainerDetails(
            try await link.ask(DockerCall(.get, "/containers/\(name)/json", "inspect the container \(name)")))
    }

    /// The newest of what it printed, at most so many bytes; from `since` on, in seconds since 1970.
    public func log(
        of name: String, lines: Int, since: Double? = nil, timestamps: Bool = false, limit: Int = 1 << 20
    ) async throws -> String {
        let output = try await self.output(of: name, lines: lines, since: since, timestamps: timestamps)
        var kept = BoundedBytes(limit: limit, overflow: .dropOldest)
        while let piece = try await output.next() { _ = piece.bytes.withUnsafeBytes { kept.append($0) } }
        return String(decoding: kept.bytes, as: UTF8.self)
    }

    /// The same while it comes; with `follow` also what it prints from now on.
    public func output(
        of name: String, lines: Int, since: Double? = nil, timestamps: Bool = false, follow: Bool = false
    ) async throws -> DockerOutput {
        let details = try await container(name)
        var query = [("stdout", "true"), ("stderr", "true"), ("tail", "\(max(lines, 0))")]
        if let since { query.append(("since", DockerEngine.text(since))) }
        if timestamps { query.append(("timestamps", "true")) }
        if follow { query.append(("follow", "true")) }
        let call = DockerCall(
            .get, "/containers/\(details.id)/logs", query: query.map { (name: $0.0, value: $0.1) },
            "read the log of the container \(name)")
        let body = try await link.begin(call, idle: follow ? nil : link.patience.look)
        return DockerOutput(body, hasTerminal: details.hasTerminal)
    }

    public func use(of name: String) async throws -> DockerContainerUse {
        let name = try DockerName.checked(name, "container")
        var query = [(name: "stream", value: "false")]
        // Without it the Engine measures for a second.
        if try await version() >= DockerVersion(1, 41) { query.append(("one-shot", "true")) }
        return DockerContainerUse(
            try await link.ask(
                DockerCall(.get, "/containers/\(name)/stats", query: query, "measure the container \(name)")))
    }

    /// Waits until it does not run and returns its exit code.
    public func end(of name: String) async throws -> Int {
        let name = try DockerName.checked(name, "container")
        let call = DockerCall(
            .post, "/containers/\(name)/wait", query: [("condition", "not-running")], "wait for the container \(name)")
        // The head comes at once and the body at the end; an engine of another mind sends both at the end.
        let body = try await link.begin(call, idle: nil)
        guard let outcome = try await body.nextValue(), let code = outcome["StatusCode"].integer else {
            throw Fault(.unavailable, "\(address.name) broke off while the container \(name) was waited for")
        }
        return code
    }

    /// Whether there is such a file or directory in it, started or not.
    public func has(_ path: String, in name: String) async throws -> Bool {
        let name = try DockerName.checked(name, "container")
        let call = DockerCall(
            .head, "/containers/\(name)/archive", query: [("path", path)], "look for \(path) in the container \(name)")
        do {
            try await link.ask(call)
            return true
        } catch let fault as Fault where fault.kind == .notFound {
            return false
        }
    }

    /// A file or directory of it as a tar archive.
    public func archive(of name: String, at path: String, limit: Int = 64 << 20) async throws -> [UInt8] {
        let name = try DockerName.checked(name, "container")
        let call = DockerCall(
            .get, "/containers/\(name)/archive", query: [("path", path)], "read \(path) of the container \(name)",
            limit: link.patience.work)
        let body = try await link.begin(call, idle: link.patience.work)
        var all: [UInt8] = []
        while let piece = try await body.next() {
            guard all.count + piece.count <= limit else {
                throw Fault(
                    .tooLarge, "\(path) of the container \(name) is larger than \(Units.describe(bytes: limit))")
            }
            all += piece
        }
        return all
    }
}
