import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("serve")
@Loop
struct ServeTests {
    @Test("it answers, counts, describes itself, and ends in order on SIGTERM")
    func life() async throws {
        let state = TemporaryDirectory()
        let program = try await RunningProgram.start(state: state.path)

        let alive = try await Exchange.get("/healthz", port: program.port)
        #expect(alive.status == 200 && alive.body == #"{"ok":true}"#)
        let health = try await Exchange.get("/health", port: program.port)
        #expect(health.status == 200 && health.body.contains(#""db":"ok""#))
        let ready = try await Exchange.get("/ready", port: program.port)
        #expect(ready.status == 200 && ready.body == #"{"ready":true,"reasons":[],"notes":[]}"#)
        let metrics = try await Exchange.get("/metrics", port: program.port)
        #expect(metrics.status == 200)
        #expect(metrics.body.contains("# TYPE perigee_http_requests_total counter"))
        #expect(metrics.body.contains(#"route="/healthz""#))
        let description = try await Exchange.get("/openapi.json", port: program.port)
        #expect(description.status == 200 && description.body.contains(#""/ready""#))

        let ended = try await program.end()
        #expect(ended.end == .exited(0))
        #expect(ended.log.contains("stopping"))
    }

    @Test("the request id of the client comes back and reaches the log line")
    func requestIDs() async throws {
        let state = TemporaryDirectory()
        let program = try await RunningProgram.start(state: state.path, settings: ["LOG_LEVEL=debug"])
        let answer = try await Exchange.get(
            "/healthz", port: program.port, headers: ["X-Request-Id: from-the-client-7"])
        #expect(answer.head.lowercased().contains("x-request-id: from-the-client-7"))
        let log = try await program.end().log
        let line = log.split(separator: "\n").first { $0.contains("from-the-client-7") }
        #expect(line?.contains("/healthz") == true, "\(log)")
    }

    @Test("unknown paths and wrong methods are answered as problems")
    func problems() async throws {
        let state = TemporaryDirectory()
        let program = try await RunningProgram.start(state: state.path)
        let unknown = try await Exchange.get("/nothing", port: program.port)
        #expect(unknown.status == 404 && unknown.head.contains("application/problem+json"))
        let wrong = try await Exchange.send(
            "POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", port: program.port)
        #expect(wrong.status == 405 && wrong.head.contains("Allow: GET, HEAD, OPTIONS"))
        #expect(try await program.end(SIGTERM).end == .exited(0))
    }

    @Test("a port that is taken is told in one line, and the state stays usable")
    func busyPort() async throws {
        let state = TemporaryDirectory()
        let first = try await RunningProgram.start(state: state.path)
        let other = TemporaryDirectory()
        let second = try await Program.run([
            "serve", "PORT=\(first.port)", "STATE_DIR=\(other.path)", "LOG_LEVEL=error",
        ])
        #expect(second.code == 73)
        #expect(second.errors.hasPrefix("perigee: bind 127.0.0.1:\(first.port): Address already in use\n"))
        #expect(second.errors.contains("another process listens there"))
        #expect(try await first.end(SIGTERM).end == .exited(0))
        let again = try await RunningProgram.start(state: other.path)
        #expect(try await again.end(SIGINT).end == .exited(0))
    }

    @Test("a second Perigee on the same state is refused and disturbs nothing")
    func sameState() async throws {
        let state = TemporaryDirectory()
        let first = try await RunningProgram.start(state: state.path)
        let second = try await Program.run(["serve", "PORT=0", "STATE_DIR=\(state.path)", "LOG_LEVEL=error"])
        #expect(second.code != 0)
        #expect(second.errors.contains("\(first.process.pid)"), "names who has it: \(second.errors)")
        #expect(try await Exchange.get("/health", port: first.port).status == 200)
        #expect(try await first.end(SIGTERM).end == .exited(0))
    }

    @Test("a killed Perigee leaves nothing that keeps the next from starting")
    func killed() async throws {
        let state = TemporaryDirectory()
        let socket = "\(state.path)/run.sock"
        let first = try await RunningProgram.start(state: state.path, settings: ["PERIGEE_SOCKET=\(socket)"])
        #expect(try await first.end(SIGKILL).end == .signalled(SIGKILL))
        let second = try await RunningProgram.start(state: state.path, settings: ["PERIGEE_SOCKET=\(socket)"])
        #expect(try await Exchange.get("/ready", port: second.port).status == 200)
        #expect(try await second.end(SIGTERM).end == .exited(0))
    }

    @Test("a state directory that is none, and a database that is none, are told in one line each")
    func brokenState() async throws {
        let directory = TemporaryDirectory()
        directory.write("", to: "file")
        let notDirectory = try await Program.run([
            "serve", "PORT=0", "STATE_DIR=\(directory.path)/file", "LOG_LEVEL=error",
        ])
        #expect(notDirectory.code != 0)
        #expect(notDirectory.errors.split(separator: "\n").count == 2, "\(notDirectory.errors)")
        #expect(notDirectory.errors.contains("\(directory.path)/file"))

        let below = try await Program.run(["serve", "PORT=0", "STATE_DIR=/proc/perigee", "LOG_LEVEL=error"])
        #expect(below.code != 0)
        #expect(below.errors.contains("STATE_DIR"))

        directory.write(
            "this is no database, and long enough to be read as a header of one, so it is seen at once\n",
            to: "perigee.db")
        let broken = try await Program.run(["serve", "PORT=0", "STATE_DIR=\(directory.path)", "LOG_LEVEL=error"])
        #expect(broken.code != 0)
        #expect(broken.errors.hasPrefix("perigee: ") && broken.errors.contains("perigee.db"))
    }

    @Test("a program that is alone, without its scripts, says so at the start and to the doctor")
    func alone() async throws {
        let state = TemporaryDirectory()
        let home = "PERIGEE_HOME=\(state.path)"
        let program = try await RunningProgram.start(state: state.path, settings: [home])
        let log = program.lines.joined(separator: "\n")
        #expect(log.contains("the shipped scripts are not at \(state.path)/scripts"), "\(log)")
        try await program.end()
        let result = try await Program.run(["doctor", home, "PORT=0", "STATE_DIR=\(state.path)"])
        #expect(result.code == 69 && result.output.contains("set PERIGEE_HOME"), "\(result.output)")
    }

    @Test("doctor finds a healthy place healthy and names what is broken")
    func doctor() async throws {
        let state = TemporaryDirectory()
        let program = try await RunningProgram.start(state: state.path)
        let well = try await Program.run(["doctor", "PORT=\(program.port)", "STATE_DIR=\(state.path)"])
        #expect(well.code == 0, "\(well.output)")
        #expect(well.output.contains("Perigee answers at 127.0.0.1:\(program.port)"))
        try await program.end()

        let broken = TemporaryDirectory()
        broken.write(
            "no database at all, but a text that is longer than the header of one would have been, surely\n",
            to: "perigee.db")
        let ill = try await Program.run(["doctor", "PORT=0", "STATE_DIR=\(broken.path)"])
        #expect(ill.code == 69)
        #expect(ill.output.contains("bad") && ill.output.contains("perigee.db"))
    }
}
