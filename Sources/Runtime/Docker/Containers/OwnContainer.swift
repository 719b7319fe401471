/// A container that bears our labels: the only kind that is changed. It is known by its id, so that another one of its name
/// is never meant.
@Loop
public struct OwnContainer {
    public let id: String
    public let name: String
    public let labels: [String: String]
    private let engine: DockerEngine
    private var link: DockerLink { engine.link }

    fileprivate init(_ engine: DockerEngine, id: String, name: String, labels: [String: String]) {
        self.engine = engine
        self.id = id
        self.name = name
        self.labels = labels
    }

    public func details() async throws -> DockerContainerDetails { try await engine.container(id) }

    /// What runs already is no error.
    public func start() async throws { try await change("start", "start") }

    /// SIGTERM, and SIGKILL after the grace. What has ended already is no error.
    public func stop(grace: Duration) async throws {
        let seconds = max(0, Int((grace.milliseconds + 999) / 1000))
        try await change("stop", "stop", [("t", "\(seconds)")], limit: grace + link.patience.work)
    }

    public func kill(_ signal: String = "KILL") async throws {
        try await change("kill", "send \(signal) to", [("signal", signal)])
    }

    public func pause() async throws { try await change("pause", "pause") }
    public func unpause() async throws { try await change("unpause", "unpause") }
    public func rename(to new: String) async throws {
        try await change("rename", "rename", [("name", DockerName.checked(new, "container"))])
    }

    /// With its anonymous volumes; a running one is killed. Where somebody removes it already, that is waited for.
    public func remove() async throws {
        let call = DockerCall(
            .delete, "/containers/\(id)", query: [("force", "true"), ("v", "true")], "remove the container \(name)",
            limit: link.patience.work)
        let end = Instant.clock + link.patience.work
        while true {
            do {
                try await link.ask(call)
                return
            } catch let fault as Fault
                where fault.kind == .conflict && fault.message.contains("already in progress") && Instant.clock < end
            {
                // Mostly a request of a process of ours that was killed meanwhile; the next one finds it gone.
                try await Loop.sleep(for: .milliseconds(100))
            }
        }
    }

    /// Other limits, from now on; nil leaves one as it is.
    public func update(memory: Int? = nil, cpus: Double? = nil, processes: Int? = nil) async throws {
        var fields: JSONObject = [:]
        if let memory {
            fields["Memory"] = .integer(Int64(memory))
            fields["MemorySwap"] = .integer(Int64(memory))
        }
        if let cpus { fields["NanoCpus"] = .integer(Int64(cpus * 1e9)) }
        if let processes { fields["PidsLimit"] = .integer(Int64(processes)) }
        try await link.ask(
            DockerCall(
                .post, "/containers/\(id)/update", body: .json(.object(fields)), "update the container \(name)",
                limit: link.patience.work))
    }

    /// Unpacks a tar archive below a directory of it.
    public func put(archive: [UInt8], at path: String) async throws {
        try await link.ask(
            DockerCall(
                .put, "/containers/\(id)/archive", query: [("path", path)],
                body: .raw(.bytes(archive), type: "application/x-tar"), "write to \(path) of the container \(name)",
                limit: link.patience.work))
    }

    /// A stream to its standard input, which ends with the stream. To be opened before it starts, so that nothing is lost.
    public func input() async throws -> any ByteTransport {
        try await link.hijack(
            DockerCall(
                .post, "/containers/\(id)/attach", query: [("stream", "true"), ("stdin", "true")],
                "attach to the container \(name)"))
    }

    private func change(
        _ verb: String, _ word: String, _ query: [(name: String, value: String)] = [], limit: Duration? = nil
    ) async throws {
        try await link.ask(
            DockerCall(
                .post, "/containers/\(id)/\(verb)", query: query, "\(word) the container \(name)",
                limit: limit ?? link.patience.work))
    }
}

extension OwnContainer {
    /// How a program in a container ended.
    public struct Executed: Sendable, Equatable {
        public let code: Int
        public let output: [UInt8]
        public let errors: [UInt8]
    }

    /// Runs a program in it to its end. More output than `limit` fails; the program then goes on, as Docker has no way
    /// to end it.
    public func execute(
        _ arguments: [String], user: String? = nil, directory: String? = nil, environment: [String: String] = [:],
        limit: Int = 1 << 20
    ) async throws -> Executed {
        var fields: JSONObject = [
            "Cmd": .array(arguments.map { .string($0) }), "AttachStdout": true, "AttachStderr": true,
            "Env": .array(environment.sorted { $0.key < $1.key }.map { .string("\($0.key)=\($0.value)") }),
        ]
        if let user { fields["User"] = .string(user) }
        if let directory { fields["WorkingDir"] = .string(directory) }
        let subject = "run \(arguments.first ?? "nothing") in the container \(name)"
        let made = try await link.ask(
            DockerCall(
                .post, "/containers/\(id)/exec", body: .json(.object(fields)), subject, limit: link.patience.work))
        let exec = try DockerName.checked(made["Id"].string ?? "", "program in a container")
        let start = DockerCall(
            .post, "/exec/\(exec)/start", body: .json(["Detach": false, "Tty": false]), subject,
            limit: link.patience.work)
        let stream = DockerOutput(try await link.begin(start, idle: nil), hasTerminal: false)
        var output: [UInt8] = []
        var errors: [UInt8] = []
        while let piece = try await stream.next() {
            if piece.isError { errors += piece.bytes } else { output += piece.bytes }
            guard output.count + errors.count <= limit else {
                throw Fault(.tooLarge, "\(subject): it wrote more than \(Units.describe(bytes: limit))")
            }
        }
        let end = try await link.ask(DockerCall(.get, "/exec/\(exec)/json", subject))
        return Executed(code: end["ExitCode"].integer ?? -1, output: output, errors: errors)
    }
}

extension DockerEngine {
    /// The container, if it is ours; a conflict if it is not.
    public func own(container name: String) async throws -> OwnContainer {
        let details = try await container(name)
        try mark.check(details.labels, "the container \(details.name)")
        return OwnContainer(self, id: details.id, name: details.name, labels: details.labels)
    }

    /// Makes it, without starting it.
    public func create(_ order: ContainerOrder, name: String) async throws -> OwnContainer {
        let name = try DockerName.checked(name, "container")
        let made = try await link.ask(
            DockerCall(
                .post, "/containers/create", query: [("name", name)], body: .json(try order.json(mark)),
                "make the container \(name)", limit: link.patience.work))
        let id = try DockerName.checked(made["Id"].string ?? "", "container")
        return OwnContainer(self, id: id, name: name, labels: order.labels.merging(mark.labels) { _, ours in ours })
    }
}
