import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

/// Container runners over the real engine, of an image that has the double of opencode in it.
@Loop
final class ContainerBed {
    static let image = "perigee-test/opencode:1"

    let docker: DockerBed
    let engine: DockerEngine
    let backend: ContainerBackend
    let directory = TemporaryDirectory()
    let client: HTTPClient
    private(set) var progress: [String] = []
    private(set) var log: [String] = []

    private init(_ docker: DockerBed, _ change: (inout ContainerSettings) -> Void) throws {
        var patience = DockerPatience()
        patience.look = .seconds(5)
        patience.work = .seconds(30)
        self.docker = docker
        engine = try docker.engine(owner: "house", patience: patience)
        var settings = ContainerSettings()
        change(&settings)
        backend = ContainerBackend(engine, settings, log: Log(to: -1, format: .json, level: .error))
        var client = HTTPClientSettings()
        client.guarding = .open
        self.client = HTTPClient(client)
    }

    /// Runs a test in the engine's network under a deadline, and removes what it left.
    static func with(
        _ change: (inout ContainerSettings) -> Void = { _ in }, _ body: @Loop (ContainerBed) async throws -> Void
    ) async throws {
        guard let docker = try await DockerBed.shared(for: "container runners") else { return }
        try await docker.image(image, of: [Program.built("opencode")])
        let bed = try ContainerBed(docker, change)
        await Deadline.within(.seconds(240)) {
            do { try await docker.inside { try await body(bed) } } catch { Issue.record(error) }
        }
        await bed.clear()
        await bed.backend.close()
        await bed.client.close()
        await bed.engine.close()
    }

    private func clear() async {
        do {
            for container in try await engine.containers(all: true, labels: ["\(DockerMark.ownerLabel)=house"]) {
                try await engine.own(container: container.id).remove()
            }
            for network in try await engine.networks(labels: ["\(DockerMark.ownerLabel)=house"]) {
                let own = try await engine.own(network: network.id)
                for member in try await engine.network(network.id).containers.values {
                    try await own.disconnect(member)
                }
                try await own.remove()
            }
        } catch {
            Issue.record(error, "cleaning up")
        }
    }

    /// A runner of a user, whose workspace and private directory are below the test's own.
    func spec(_ user: String = "0123456789abcdef", _ change: (inout RunnerSpec) -> Void = { _ in }) throws -> RunnerSpec
    {
        let workspace = "\(directory.path)/workspaces/\(user)"
        directory.write("secret of \(user)\n", to: "workspaces/\(user)/note")
        var spec = RunnerSpec(
            name: "open-persona-runner-\(user)-aabbccdd", workspace: user, keySignature: "aabbccdd",
            directory: workspace, privateDirectory: "\(directory.path)/private/\(user)/aabbccdd",
            image: ContainerBed.image, command: [], environment: ["COLOUR": "red"],
            secrets: [
                RunnerSpec.passwordVariable: Secret("pass'word of \(user)"),
                "OPENAI_API_KEY": Secret("key-of-\(user)\nwith two lines"),
            ], signature: "sig-\(user)")
        spec.limits.memory = 256 << 20
        spec.limits.processes = 64
        change(&spec)
        return spec
    }

    func start(_ spec: RunnerSpec) async throws -> RunnerPlace {
        try await backend.start(spec) { [unowned self] in progress.append($0) }
    }

    /// Asks until it answers: it has just been started.
    func health(_ place: RunnerPlace, password: String? = nil) async throws -> Int {
        for _ in 0..<200 {
            do {
                var request = HTTPRequest(.get, try WebAddress("\(place.address)/global/health"))
                let word = password ?? place.password.reveal()
                request.headers.add("Authorization", "Basic " + Base64.encode(Array("opencode:\(word)".utf8)))
                request.deadlines = HTTPDeadlines(connect: .seconds(2), head: .seconds(2), idle: .seconds(2))
                let answer = try await client.send(request)
                _ = try await answer.body.collect()
                return answer.status
            } catch let fault as Fault where fault.isRetryable {
                try await Loop.sleep(for: .milliseconds(50))
            }
        }
        throw Fault(.timeout, "the runner does not answer: \(try await backend.log(of: place, lines: 20))")
    }

    /// A line of shell inside of it, as its own user.
    func shell(_ line: String, in place: RunnerPlace) async throws -> (code: Int, text: String) {
        let end = try await engine.own(container: place.identity).execute(["sh", "-c", line])
        return (end.code, String(decoding: end.output + end.errors, as: UTF8.self))
    }

    /// What Docker tells everybody who may ask.
    func inspect(_ place: RunnerPlace) async throws -> String {
        let result = try await Subprocess.run(["docker", "-H", "unix://\(docker.socket)", "inspect", place.identity])
        return result.outputText
    }

    func kind(_ body: @Loop () async throws -> Void) async -> Fault.Kind? {
        do {
            try await body()
            return nil
        } catch {
            return Fault(error).kind
        }
    }
}
