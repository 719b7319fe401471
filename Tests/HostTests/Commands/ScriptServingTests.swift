import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

/// A server with scripts of its own, and the commands that speak with it.
@Suite("commands about scripts")
@Loop
struct ScriptServingTests {
    private let state = TemporaryDirectory()

    private var words: [String] { ["STATE_DIR=\(state.path)", "PERIGEE_HOME=/nonexistent"] }

    private func write(_ text: String, to name: String) {
        for directory in ["scripts", "scripts/\(name.split(separator: "/")[0])"] {
            mkdir("\(state.path)/\(directory)", 0o700)
        }
        state.write(text, to: "scripts/\(name)")
    }

    private func start() async throws -> RunningProgram {
        write("return { greet = function(name) return 'hello ' .. name end }\n", to: "lib/greeting.lua")
        return try await RunningProgram.start(state: state.path, settings: ["PERIGEE_HOME=/nonexistent"])
    }

    @Test("status tells about the program and its scripts, for people and for machines")
    func status() async throws {
        let program = try await start()
        let text = try await Program.run(["status"] + words)
        #expect(text.code == 0, "\(text.errors)")
        #expect(text.output.hasPrefix("perigee \(Version.current), process \(program.process.pid), up "))
        #expect(text.output.contains("http://127.0.0.1:\(program.port)"))
        #expect(text.output.contains("1 script, 1 of them yours"))
        #expect(!text.output.contains("FAILED"))

        let json = try await Program.run(["status", "--json"] + words)
        let answer = try JSON.parse(json.output)
        #expect(answer["pid"].integer == Int(program.process.pid))
        #expect(answer["scripts"]["generation"]["number"].integer == 1)
        #expect(answer["scripts"]["failure"].isNull)
        try await program.end()

        let none = try await Program.run(["status"] + words)
        #expect(none.code == 69)
        #expect(
            none.errors
                == "perigee: no server answers at \(state.path)/perigee.sock\n  start one with `perigee serve`\n")
    }

    @Test("scripts may ask the documented views of the store, and no table")
    func views() async throws {
        let program = try await start()
        for view in Schema.scriptViews.sorted() {
            let rows = try await Program.run(["eval", "#host.store.query('SELECT * FROM \(view)')"] + words)
            #expect(rows.code == 0 && rows.output == "0\n", "\(rows.output) \(rows.errors)")
        }
        let table = try await Program.run(["eval", "select(2, host.store.query('SELECT * FROM plans')).kind"] + words)
        #expect(table.output == "\"denied\"\n", "\(table.output) \(table.errors)")
        try await program.end()
    }

    @Test("reload loads what changed, or says file:line and leaves what serves")
    func reload() async throws {
        let program = try await start()
        let good = try await Program.run(["reload"] + words)
        #expect(good.code == 0)
        #expect(good.output.hasSuffix(" serves, 1 script\n"), "\(good.output)")

        write("return {\n  name = = 1,\n}\n", to: "gc/broken.lua")
        let bad = try await Program.run(["reload"] + words)
        #expect(bad.code == 1)
        #expect(bad.output.hasPrefix("gc/broken.lua:2: "), "\(bad.output)")
        #expect(bad.errors.contains("serves on"))

        let status = try await Program.run(["status"] + words)
        #expect(status.output.contains("FAILED") && status.output.contains("    gc/broken.lua:2: "))
        let listed = try await Exchange.get("/mgmt/scripts", port: program.port)
        let answer = try JSON.parse(listed.body)
        #expect(answer["failure"]["problems"][0]["line"].integer == 2)
        #expect(answer["generation"]["files"][0]["name"].string == "lib/greeting.lua")
        #expect(answer["generation"]["files"][0]["digest"].string?.count == 64)

        unlink("\(state.path)/scripts/gc/broken.lua")
        #expect(try await Program.run(["reload"] + words).code == 0)
        try await program.end()
    }

    @Test("strangers are refused at each door of management")
    func gate() async throws {
        let program = try await start()
        for path in ["/mgmt/status", "/mgmt/scripts", "/mgmt/console"] {
            let answer = try await Exchange.get(path, port: program.port, headers: ["X-Forwarded-For: 10.1.2.3"])
            #expect(answer.status == 403, "\(path)")
            #expect(answer.body.contains("PERIGEE_SOCKET"))
        }
        let reload = try await Exchange.send(
            "POST /mgmt/scripts/reload HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://evil.example\r\n"
                + "Content-Length: 0\r\nConnection: close\r\n\r\n", port: program.port)
        #expect(reload.status == 403)
        try await program.end()
    }

    @Test("eval shows values and prints, on the server and without one")
    func eval() async throws {
        let program = try await start()
        let code = "local g = require 'greeting' print('printed') return g.greet('you'), { n = 1 }"
        for local in [[], ["--local"]] {
            let result = try await Program.run(["eval", code] + local + words)
            #expect(result.code == 0, "\(result.errors)")
            #expect(result.output == "printed\n\"hello you\"\n{ n = 1 }\n")
            #expect(result.errors.isEmpty)
        }
        let number = try await Program.run(["eval", "-1"] + words)
        #expect(number.output == "-1\n")
        let assignment = try await Program.run(["eval", "x=1 return x"] + words)
        #expect(assignment.output == "1\n")
        try await program.end()

        let alone = try await Program.run(["eval", "1 + 1"] + words)
        #expect(alone.code == 0 && alone.output == "2\n")
        #expect(alone.errors.contains("no server answers") && alone.errors.contains("without the server's database"))
    }

    @Test("what fails in eval ends with code 70, what is not finished with 64")
    func failingEval() async throws {
        let program = try await start()
        for local in [[], ["--local"]] {
            let failed = try await Program.run(["eval", "error('no')"] + local + words)
            #expect(failed.code == 70 && failed.errors.contains("perigee: console:1: no"), "\(failed.errors)")
            let unfinished = try await Program.run(["eval", "f("] + local + words)
            #expect(unfinished.code == 64)
        }
        #expect(try await Program.run(["eval"] + words).code == 64)
        try await program.end()
    }

    @Test("the console runs the lines of a pipe, statements over several lines too")
    func pipedConsole() async throws {
        let program = try await start()
        let lines = """
            local g = require 'greeting'
            for i = 1, 2 do
              print(i)
            end
            g.greet('all')
            .scripts
            """
        for local in [[], ["--local"]] {
            let result = try await Program.run(["console"] + local + words, input: lines)
            #expect(result.code == 0, "\(result.errors)")
            #expect(result.output == "1\n2\n\"hello all\"\nlib/greeting.lua  62  yours\n")
        }
        let failing = try await Program.run(["console"] + words, input: "nothing.at_all\n1\n")
        #expect(failing.code == 1)
        #expect(failing.output == "1\n")
        #expect(failing.errors.hasPrefix("error: console:1: "))
        try await program.end()
    }

    @Test("a reload in the console begins anew with the new scripts")
    func reloadInConsole() async throws {
        let program = try await start()
        write("return { answer = 42 }\n", to: "lib/more.lua")
        for local in [[], ["--local"]] {
            let result = try await Program.run(
                ["console"] + local + words, input: "x = 1\n.reload\nx\nrequire('more').answer\n")
            #expect(result.code == 0, "\(result.errors)")
            #expect(result.output.contains("A new session: its variables are gone.\nnil\n42\n"), "\(result.output)")
        }
        try await program.end()
    }

    @Test("a console that is open keeps the server from nothing, and is told of its end")
    func stopping() async throws {
        let program = try await start()
        let link = try ServerLink(try Self.settings(words))
        let console = try await RemoteConsole.open(link)
        #expect(try await console.evaluate("1", onOutput: { _ in }) == .values(["1"]))
        let ended = try await program.end()
        #expect(ended.end == .exited(0))
        let fault = await #expect(throws: Fault.self) { try await console.evaluate("1", onOutput: { _ in }) }
        #expect(fault?.kind == .unavailable)
        await console.close()
    }

    @Test("a runaway evaluation is ended by a cancel, a busy console says so, and completion answers meanwhile")
    func cancelling() async throws {
        let program = try await start()
        let link = try ServerLink(try Self.settings(words))
        let socket = try await link.webSocket("/mgmt/console")
        guard case .hello(let generation, _, _) = try await Self.reply(socket) else {
            Issue.record("no greeting")
            return
        }
        #expect(generation == 1)
        try await socket.send(ConsoleMessage.Request.evaluate(id: 1, code: "print('begun') while true do end").text)
        #expect(try await Self.reply(socket) == .output(id: 1, ["begun"]))
        try await socket.send(ConsoleMessage.Request.evaluate(id: 2, code: "1").text)
        guard case .answer(2, .failed(let busy), _) = try await Self.reply(socket) else {
            Issue.record("two at once")
            return
        }
        #expect(busy.message == "another line is being evaluated")
        try await socket.send(ConsoleMessage.Request.complete(id: 3, text: "string.rev").text)
        #expect(try await Self.reply(socket) == .candidates(id: 3, [ConsoleCandidate("reverse", "function")]))
        try await socket.send(ConsoleMessage.Request.cancel(id: 1).text)
        #expect(
            try await Self.reply(socket) == .answer(id: 1, .failed(ConsoleFailure(message: "ended")), output: []))
        try await socket.send(ConsoleMessage.Request.evaluate(id: 4, code: "1").text)
        #expect(try await Self.reply(socket) == .answer(id: 4, .values(["1"]), output: []))
        try await socket.send("nonsense")
        #expect(try await socket.next() == nil)
        #expect(socket.closeCode == .policyViolation)
        await link.close()
        try await program.end()
    }

    private static func reply(_ socket: WebSocket) async throws -> ConsoleMessage.Reply? {
        guard case .text(let text)? = try await socket.next() else { return nil }
        return ConsoleMessage.Reply(text)
    }

    private static func settings(_ words: [String]) throws -> Settings {
        let pairs = words.map { $0.split(separator: "=", maxSplits: 1).map(String.init) }
        let values = Dictionary(uniqueKeysWithValues: pairs.map { ($0[0], $0[1]) })
        return try Settings(SettingSource(layers: [.init(origin: .commandLine, values: values)]))
    }
}
