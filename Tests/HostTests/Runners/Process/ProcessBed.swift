import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

/// Runners as real processes: the double of opencode as a program, in sandboxes and control groups where there are any.
@Loop
final class ProcessBed {
    let directory = TemporaryDirectory()
    let owner = "test-\(Random.token(bytes: 6).filter { $0.isLetter || $0.isNumber })"
    private(set) var backend: ProcessBackend
    private let client: HTTPClient
    private let log = Log(to: -1, format: .json, level: .error)
    let scope = Scope("test") { name, error in Issue.record("\(name) let \(error) escape") }

    /// Runs a test under a deadline against hanging, and checks that nothing of its runners is left.
    static func with(
        sandbox: SandboxChoice = .bubblewrap, _ body: @Loop (ProcessBed) async throws -> Void
    ) async throws {
        if sandbox == .bubblewrap, TestEnvironment.program("bwrap", for: "runners in a sandbox") == nil { return }
        let bed = try await ProcessBed(sandbox)
        await Deadline.within(.seconds(120)) {
            do {
                try await body(bed)
                await bed.scope.close()
                #expect(try await bed.ours().isEmpty, "a process was left behind")
            } catch {
                Issue.record(error)
            }
            await bed.clear()
            bed.backend.close()
            await bed.client.close()
        }
    }

    private init(_ sandbox: SandboxChoice) async throws {
        var settings = HTTPClientSettings()
        settings.guarding = .open
        client = HTTPClient(settings)
        backend = try await ProcessBed.backend(owner, directory, sandbox, log)
    }

    private static func backend(
        _ owner: String, _ directory: TemporaryDirectory, _ sandbox: SandboxChoice, _ log: Log
    ) async throws -> ProcessBackend {
        var settings = ProcessSettings(owner: owner, logs: "\(directory.path)/logs")
        settings.command = [ProcessBed.program]
        settings.sandbox = sandbox
        // Where the tests' own libraries are, the program's are.
        settings.readable = ["/opt/swift"].filter { access($0, F_OK) == 0 }
        return try await ProcessBackend.make(settings, log: log)
    }

    /// Another Perigee over the same state, as after a restart.
    func another() async throws -> ProcessBackend {
        try await ProcessBed.backend(owner, directory, backend.settings.sandbox, log)
    }

    /// The double, beside the tests.
    static let program = String(Program.path.dropLast("perigee".count)) + "opencode"

    func spec(_ workspace: String = "ada", _ change: (inout RunnerSpec) -> Void = { _ in }) -> RunnerSpec {
        for path in ["", "/work", "/private"] { mkdir("\(directory.path)/\(workspace)\(path)", 0o700) }
        var spec = RunnerSpec(
            name: "runner-\(workspace)", workspace: workspace, keySignature: "0011aabb",
            directory: "\(directory.path)/\(workspace)/work",
            privateDirectory: "\(directory.path)/\(workspace)/private",
            image: "", command: [], environment: ["COLOUR": "green"],
            secrets: ["OPENAI_API_KEY": Secret("sk-secret-of-\(workspace)")], signature: "s1")
        spec.limits.memory = 512 << 20
        change(&spec)
        return spec
    }

    func start(_ spec: RunnerSpec) async throws -> RunnerPlace { try await backend.start(spec) { _ in } }

    // MARK: talking to a runner

    func status(_ place: RunnerPlace, password: String?) async throws -> Int {
        var request = HTTPRequest(.get, try WebAddress("\(place.address)/global/health"))
        if let password { request.headers.add("Authorization", basic(password)) }
        return try await client.send(request).status
    }

    /// What a tool of the agent prints that runs a script from its workspace.
    func run(_ script: String, in place: RunnerPlace, of workspace: String = "ada") async throws -> String {
        directory.write(script, to: "\(workspace)/work/script-\(workspace)")
        let session = try await call(place, "/session", #"{"title":"t"}"#)["id"]?.string ?? ""
        let prompt = #"{"parts":[{"type":"text","text":"bash sh ./script-\#(workspace)"}]}"#
        _ = try await call(place, "/session/\(session)/message", prompt)
        // The tool stands in an earlier message than the answer.
        let messages = try await call(place, "/session/\(session)/message")
        let tool = messages.array.lazy.flatMap { ($0["parts"] ?? .null).array }.first { $0["type"]?.string == "tool" }
        return tool?["state"]?["output"]?.string ?? "no tool ran: \(messages)"
    }

    /// Begins it and does not wait for its end, which may never come.
    func begin(_ script: String, in place: RunnerPlace, of workspace: String = "ada") {
        scope.spawn("a tool that is cut") { [self] in
            do { _ = try await run(script, in: place, of: workspace) } catch { return }
        }
    }

    private func call(_ place: RunnerPlace, _ path: String, _ body: String? = nil) async throws -> JSONValue {
        var request = HTTPRequest(body == nil ? .get : .post, try WebAddress(place.address + path))
        if let body { request.body = .bytes(Array(body.utf8)) }
        request.headers.add("Authorization", basic(place.password.reveal()))
        request.headers.add("Content-Type", "application/json")
        return try JSON.parse(try await client.send(request).body.collect()).value ?? .null
    }

    private func basic(_ password: String) -> String { "Basic \(Base64.encode(Array("opencode:\(password)".utf8)))" }

    // MARK: looking

    /// Everything on this machine that bears this test's marks.
    func ours() async throws -> [ProcessEntry] {
        let owner = owner
        return try await BlockingPool.shared.run("marks") {
            try ProcessTable.bearers(of: RunnerMark.variable, with: RunnerMark.numberVariable)
                .filter { RunnerMark($0.value)?.owner == owner }.map(\.entry)
        }
    }

    func until(_ subject: String, _ condition: () async throws -> Bool) async throws {
        while try await !condition() { try await Loop.sleep(for: .milliseconds(10)) }
    }

    func exists(_ path: String) -> Bool { access("\(directory.path)/\(path)", F_OK) == 0 }

    private func clear() async {
        await Deadline.lifted {
            do {
                for runner in try await backend.found() where runner.owner == owner {
                    try await backend.stop(place(runner.identity), grace: .zero)
                }
            } catch {
                Issue.record(error)
            }
        }
    }

    func place(_ identity: String) -> RunnerPlace {
        RunnerPlace(mode: .process, identity: identity, address: "http://127.0.0.1:1", password: Secret("unknown"))
    }
}
