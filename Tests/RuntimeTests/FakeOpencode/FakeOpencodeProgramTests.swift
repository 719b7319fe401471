import Glibc
import Runtime
import Testing

/// The double as a program, as process tests find it on a PATH.
@Suite("opencode double: the program", .serialized)
@Loop
struct FakeOpencodeProgramTests {
    /// Beside the tests, where the build puts it.
    private static var program: String {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes {
            readlink("/proc/self/exe", $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
        }
        let tests = String(decoding: buffer[..<max(0, count)], as: UTF8.self)
        return tests[..<(tests.lastIndex(of: "/") ?? tests.startIndex)] + "/opencode"
    }

    /// A running program and where it said that it listens.
    private struct Running {
        let process: Subprocess
        let lines: [String]
        let address: String
    }

    private func start(_ arguments: [String], _ data: String, _ more: [String: String] = [:]) async throws -> Running {
        let options = Subprocess.Options(
            environment: .inherit(["PATH"], adding: more.merging(["XDG_DATA_HOME": data]) { $1 }), directory: data,
            output: .stream, errors: .discard)
        let process = try await Subprocess.start([Self.program] + arguments, options)
        var bytes: [UInt8] = []
        var lines: [String] { String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init) }
        while !(bytes.last == 10 && lines.contains { $0.contains("listening on http") }) {
            guard let piece = try await process.output?.next() else { break }
            bytes += piece
        }
        let ready = lines.first { $0.contains("listening on http") }
        let word = ready?.split(separator: " ").last.map(String.init) ?? ""
        return Running(process: process, lines: lines, address: word)
    }

    private func call(_ method: Runtime.Method, _ address: String, _ body: String = "") async throws -> String {
        let client = localClient()
        var request = HTTPRequest(method, try WebAddress(address))
        if !body.isEmpty { request.body = .bytes(Array(body.utf8)) }
        let text = try await client.send(request).text()
        await client.close()
        return text
    }

    @Test("it says its version, where it listens and that it is unsecured; sessions survive a kill")
    func life() async throws {
        try await Deadline.within(.seconds(60)) {
            let data = TemporaryDirectory()
            let version = try await Subprocess.run([Self.program, "--version"])
            #expect(String(decoding: version.output, as: UTF8.self) == "1.17.20\n")

            let first = try await start(["serve", "--port", "0", "--hostname", "127.0.0.1"], data.path)
            #expect(
                first.lines == [
                    "Warning: OPENCODE_SERVER_PASSWORD is not set; server is unsecured.",
                    "opencode server listening on \(first.address)",
                ])
            let made = try await call(.post, first.address + "/session", #"{"title":"kept"}"#)
            let id = try #require(parsed(made)?["id"]?.string)
            let prompt = #"{"parts":[{"type":"text","text":"say before; crash"}]}"#
            _ = await failure { _ = try await call(.post, "\(first.address)/session/\(id)/message", prompt) }
            #expect(try await first.process.value() == .signalled(SIGKILL))

            let secret = ["OPENCODE_SERVER_PASSWORD": "p"]
            let second = try await start(["serve", "--port=0"], data.path, secret)
            #expect(second.lines == ["opencode server listening on \(second.address)"])
            #expect(try await call(.get, second.address + "/session/\(id)").isEmpty, "it wants the password")
            let word = Base64.encode(Array("opencode:p".utf8))
            let kept = try await call(.get, "\(second.address)/session/\(id)/message?auth_token=\(word)")
            #expect(kept.contains(#""text":"before""#))

            let port = second.address.split(separator: ":").last.map(String.init) ?? ""
            let third = try await start(["serve", "--port", port], data.path, secret)
            #expect(third.lines.first?.hasPrefix("Failed to start server") == true)
            #expect(try await third.process.value() == .exited(1))
            second.process.signal(SIGTERM)
            #expect(try await second.process.value() == .signalled(SIGTERM), "no handler holds it")
        }
    }

    @Test("faults are steered over HTTP, and the next major says its ready line in its own words")
    func steering() async throws {
        try await Deadline.within(.seconds(60)) {
            let data = TemporaryDirectory()
            let running = try await start(["serve"], data.path)
            let modes = try await call(.post, running.address + "/fake/modes", #"{"delay":1,"oldDialect":true}"#)
            #expect(parsed(modes)?["oldDialect"] == true)
            #expect(try await call(.post, running.address + "/fake/modes", #"{"strange":true}"#).contains("error"))
            #expect(try await call(.post, running.address + "/fake/version/9.9.9") == "true")
            #expect(try await call(.get, running.address + "/global/health").contains("9.9.9"))
            #expect(try await call(.post, running.address + "/fake/do/crash") == "true")
            #expect(try await running.process.value() == .signalled(SIGKILL))

            let next = try await start(["serve"], data.path, ["FAKE_OPENCODE_MODES": "newMajor"])
            #expect(next.lines.first == "server listening on \(next.address)")
            next.process.signal(SIGKILL)
            _ = try await next.process.value()
        }
    }
}
