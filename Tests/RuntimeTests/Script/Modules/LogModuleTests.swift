import LuaBridge
import Testing

@testable import Runtime

@Suite("host.log")
@Loop
struct LogModuleTests {
    private let pipe = LogPipe()

    /// The lines that a chunk writes, as JSON.
    private func lines(_ text: String, level: Log.Level = .debug, _ secrets: Redactor = Redactor()) async throws
        -> [JSONView]
    {
        var world = bareWorld()
        let log = pipe.log(level: level, secrets: secrets)
        world.log = log
        try await ModuleHarness(.log(world)).run("local log = require 'host.log' " + text)
        return try pipe.lines(of: log).map { try JSON.parse($0) }
    }

    @Test("each function writes a line of its level, as a part of its own")
    func levels() async throws {
        let lines = try await lines("log.debug('a') log.info('b') log.warning('c') log.error('d')")
        #expect(lines.map { $0["level"].string } == ["debug", "info", "warning", "error"])
        #expect(lines.map { $0["message"].string } == ["a", "b", "c", "d"])
        #expect(lines.allSatisfy { $0["part"].string == "script" })
    }

    @Test("lines below the log's level are not written")
    func quiet() async throws {
        let lines = try await lines("log.debug('a') log.info('b') log.warning('c')", level: .warning)
        #expect(lines.map { $0["message"].string } == ["c"])
    }

    @Test("fields keep their types, tables are JSON, errors are their message, and the rest is named by its type")
    func fields() async throws {
        let line = try #require(
            try await lines(
                """
                log.info("x", { text = "t", whole = 3, part = 0.5, flag = true, list = { 1, 2 },
                  map = { b = 1, a = {} }, err = { kind = "denied", message = "no", hint = "ask" }, f = print,
                  bytes = "\\xff", odd = { print } })
                """
            ).first)
        #expect(line["text"].string == "t")
        #expect(line["whole"].integer == 3)
        #expect(line["part_"].number == 0.5, "part is the log's own")
        #expect(line["flag"].bool == true)
        #expect(line["list"].string == "[1,2]")
        #expect(line["map"].string == #"{"a":{},"b":1}"#)
        #expect(line["err"].string == "no (ask)")
        #expect(line["f"].string == "function")
        #expect(line["bytes"].string == "\u{fffd}")
        #expect(line["odd"].string == "table ([0]: a function or handle has no form in JSON)")
    }

    @Test("a line names the script and generation that wrote it, and no script can say otherwise")
    func origin() async throws {
        let call = ScriptCall(generation: 7, script: "hooks/place.lua", kind: .hook, function: "place")
        let line = try #require(
            try await ScriptCall.$current.withValue(call) {
                try await lines("log.info('x', { script = 'hooks/other.lua', generation = 1 })").first
            })
        #expect(line["script"].string == "hooks/place.lua")
        #expect(line["generation"].integer == 7)
    }

    @Test("secrets are taken out, and long texts are cut")
    func bounds() async throws {
        let line = try #require(
            try await lines(
                "log.info('key sk-abcdefghijklmnopqrstuvwxyz0123456789', { password = 'x', long = ('y'):rep(100000) })"
            ).first)
        #expect(line["password"].string == Redactor.mark)
        #expect(line["message"].string?.contains("abcdefghij") == false)
        #expect((line["long"].string ?? "").utf8.count < 3000)
    }

    @Test("a message that is no text is a mistake")
    func mistakes() async throws {
        let harness = try ModuleHarness(.log(bareWorld()))
        #expect(
            await harness.mistake("require('host.log').info({})")
                == "bad argument #1 'message' to 'host.log.info' (text expected, got a table)")
        #expect(
            await harness.mistake("require('host.log').info('x', 'y')")
                == "bad argument #2 'fields' to 'host.log.info' (a table expected, got \"y\")")
    }
}
