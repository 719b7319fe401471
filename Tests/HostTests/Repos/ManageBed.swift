import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

/// The whole program as a process, asked over HTTP about repositories that are files.
@Loop
final class ManageBed {
    let state: TemporaryDirectory
    private(set) var program: RunningProgram
    private let settings: [String]
    private let client = HTTPClient()
    var origins: String { "\(state.path)/origins" }
    var projects: String { "\(state.path)/projects" }

    static func with(
        _ more: [String] = [], _ body: @Loop (ManageBed) async throws -> Void
    ) async throws {
        let state = TemporaryDirectory()
        let settings = [
            "GITHUB_SERVER_URL=file://\(state.path)/origins", "PERIGEE_GIT_PROTOCOLS=file", "RUNNER_MODE=rehearsal",
            "OCWEB_PROJECTS_DIR=\(state.path)/projects",
        ]
        mkdir("\(state.path)/origins", 0o755)
        let program = try await RunningProgram.start(state: "\(state.path)/state", settings: settings + more)
        let bed = ManageBed(state, program, settings)
        await Deadline.within(.seconds(90)) {
            do { try await body(bed) } catch { Issue.record(error) }
            await Deadline.lifted {
                await bed.client.close()
                do { #expect(try await bed.program.end().end == .exited(0)) } catch { Issue.record(error) }
            }
        }
    }

    private init(_ state: TemporaryDirectory, _ program: RunningProgram, _ settings: [String]) {
        self.state = state
        self.program = program
        self.settings = settings
    }

    /// Ends it without a word and starts it again.
    func killAndStart(_ more: [String] = []) async throws {
        try await program.end(SIGKILL)
        program = try await RunningProgram.start(state: "\(state.path)/state", settings: settings + more)
    }

    func origin(_ name: String) async throws {
        mkdir("\(origins)/\(name.split(separator: "/")[0])", 0o755)
        try await RealGit.origin(at: "\(origins)/\(name).git")
    }

    func ask(
        _ method: Runtime.Method, _ path: String, _ body: JSONObject? = nil, key: String? = nil
    ) async throws -> (status: Int, json: JSONView) {
        var request = HTTPRequest(method, try WebAddress("http://127.0.0.1:\(program.port)\(path)"))
        request.guarding = .open
        if let key { request.headers["Authorization"] = "Bearer \(key)" }
        if let body {
            request.headers["Content-Type"] = "application/json"
            request.body = .bytes(try JSON.encode(JSONValue.object(body)))
        }
        let answer = try await client.send(request)
        return (answer.status, try JSON.parse(try await answer.body.collect()))
    }
}
