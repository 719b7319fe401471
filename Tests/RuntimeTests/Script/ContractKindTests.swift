import LuaBridge
import Testing

@testable import Runtime

@Suite("contract: declarations")
@Loop
struct ContractKindTests {
    private func complaint(_ check: () throws -> Void) -> String? {
        do {
            try check()
            return nil
        } catch let fault as ShapeFault {
            return fault.text(of: "it")
        } catch {
            return "\(error)"
        }
    }

    private func complaint(_ record: Record, _ changes: [LuaKey: LuaValue], to base: [LuaKey: LuaValue]) -> String? {
        complaint { try Shape.record(record).check(.table(base.merging(changes) { $1 })) }
    }

    /// A function as a script's table holds it.
    private func scripted<Result>(_ body: (LuaValue) throws -> Result) throws -> Result {
        let state = try LuaState {}
        defer { state.close() }
        let value = try state.callNow(try state.load("return function() end", script: "test"))[0]
        return try body(value)
    }

    @Test("a gc job needs a name, a schedule and a plan, and says what is wrong with its rules")
    func gcJob() throws {
        try scripted { function in
            let base: [LuaKey: LuaValue] = ["name": "trash", "schedule": "every 1h", "plan": function]
            let rows: [([LuaKey: LuaValue], String?)] = [
                ([:], nil),
                (["tz": "Europe/Berlin", "jitter": "15m", "overlap": "skip", "catch_up": "one", "timeout": 60], nil),
                (["retry": ["times": 3, "after": "1m"], "enabled": false], nil),
                (["plan": .nil], "it: field 'plan' is missing"),
                (["plan": "x"], "it: field 'plan' must be a function, not \"x\""),
                (
                    ["run": function],
                    "it: field 'run' is unknown; known are name, description, schedule, tz, jitter, overlap, catch_up, "
                        + "timeout, retry, enabled, plan"
                ),
                (
                    ["overlap": "skipp"],
                    "it: field 'overlap' is \"skipp\", not one of \"skip\", \"queue\", \"replace\"; "
                        + "did you mean \"skip\"?"
                ),
                (["retry": ["time": 3]], "it: field 'retry.time' is unknown; did you mean 'times'?"),
                (["retry": ["times": 21]], "it: field 'retry.times' is 21; it must be from 0 to 20"),
                (["shedule": "x"], "it: field 'shedule' is unknown; did you mean 'schedule'?"),
            ]
            for (changes, message) in rows { #expect(complaint(Contract.gcJob, changes, to: base) == message) }
            #expect(complaint(Contract.gcJob, ["tz": "Mars/Base"], to: base) != nil)
            #expect(complaint(Contract.gcJob, ["schedule": "61 * * * *"], to: base) != nil)
        }
    }

    @Test("another job is the same with run")
    func job() throws {
        try scripted { function in
            let base: [LuaKey: LuaValue] = ["name": "digest", "schedule": "0 7 * * *", "run": function]
            #expect(complaint(Contract.job, [:], to: base) == nil)
            #expect(complaint(Contract.job, ["run": .nil], to: base) == "it: field 'run' is missing")
            #expect(Contract.job.fields.dropLast().map(\.name) == Contract.gcJob.fields.dropLast().map(\.name))
        }
    }

    @Test("a persona needs an id, a name, a description and a core")
    func persona() throws {
        try scripted { function in
            let base: [LuaKey: LuaValue] = [
                "id": "reviewer", "name": "Reviewer", "description": "Reads a change.", "core": "You review.",
            ]
            let rows: [([LuaKey: LuaValue], String?)] = [
                ([:], nil),
                (
                    ["memory": ["default": true, "settable": true], "integrations": ["github"], "prompt": function], nil
                ),
                (["settings": ["strictness": ["type": "number", "min": 0, "max": 1, "default": 0.5]]], nil),
                (
                    ["settings": ["strictness": ["type": "numbr"]]],
                    "it: field 'settings.strictness.type' is \"numbr\", not one of "
                        + "\"string\", \"number\", \"integer\", \"boolean\", \"list\", \"table\"; "
                        + "did you mean \"number\"?"
                ),
                (["id": "Reviewer"], "it: field 'id' is wrong: \"Reviewer\" must begin with a small letter"),
                (["core": .nil], "it: field 'core' is missing"),
                (["temperature": 3], "it: field 'temperature' is 3.0; it must be from 0.0 to 2.0"),
                (["integration": ["x"]], "it: field 'integration' is unknown; did you mean 'integrations'?"),
            ]
            for (changes, message) in rows { #expect(complaint(Contract.persona, changes, to: base) == message) }
        }
    }

    @Test("an integration's tools are checked to their inputs")
    func integration() throws {
        try scripted { function in
            let tool: LuaValue = ["description": "The forecast.", "call": function]
            let base: [LuaKey: LuaValue] = ["name": "weather", "description": "Weather.", "tools": ["forecast": tool]]
            let rows: [([LuaKey: LuaValue], String?)] = [
                ([:], nil), (["keys": ["WEATHER_API_KEY"]], nil),
                (["tools": ["forecast": ["description": "x"]]], "it: field 'tools.forecast.call' is missing"),
                (
                    ["tools": ["forecast": ["description": "x", "call": function, "input": ["place": ["max": 3]]]]],
                    "it: field 'tools.forecast.input.place.type' is missing"
                ),
            ]
            for (changes, message) in rows { #expect(complaint(Contract.integration, changes, to: base) == message) }
        }
    }

    @Test("a route is a function, or a table with one")
    func routes() throws {
        try scripted { function in
            let rows: [(LuaValue, String?)] = [
                (["GET /hello/{name}": function], nil),
                (["GET /a": ["handler": function, "summary": "A.", "max_body": "64KB"]], nil),
                (["GET /a": 1], "it: field 'GET /a' must be a function or a table, not the number 1"),
                (["GET /a": ["handle": function]], "it: field 'GET /a.handle' is unknown; did you mean 'handler'?"),
            ]
            for (value, message) in rows {
                #expect(complaint { try Contract.routes.check(value) } == message)
            }
        }
    }

    @Test(
        "the key of a route is a method and a pattern",
        arguments: [
            ("GET /hello/{name}", nil), ("POST /", nil), ("DELETE /a/b_c/{rest...}", nil),
            ("GET", "write it as \"GET /path/{name}\""), ("GET  /a", "write it as \"GET /path/{name}\""),
            ("PSOT /a", "did you mean POST?"), ("get /a", "did you mean GET?"),
            ("FETCHING /a", "GET, POST, PUT, PATCH and DELETE are known"),
        ] as [(String, String?)])
    func endpoints(key: String, hint: String?) {
        do {
            let (method, pattern) = try Contract.endpoint(key)
            #expect(hint == nil)
            #expect("\(method.rawValue) \(pattern)" == key)
        } catch {
            #expect(error.hint == hint)
        }
    }

    @Test(
        "a pattern that the router could not take is refused with the reason",
        arguments: [
            ("GET hello", "does not begin with /"), ("GET /a//b", "has an empty segment"),
            ("GET /{rest...}/b", "has {rest...} before its end"), ("GET /{a}/{a}", "has {a} twice"),
            ("GET /{a-b}", "has a name that is not letters, digits and _: {a-b}"),
            ("GET /{}", "has a name that is not letters, digits and _: {}"),
            ("GET /x{a}", "has a segment that is neither literal nor one {name}: x{a}"),
            ("GET /a?b", "has a segment that is neither literal nor one {name}: a?b"),
        ])
    func patterns(key: String, complaint: String) {
        let fault = #expect(throws: ShapeFault.self) { try Contract.endpoint(key) }
        #expect(fault?.message == "has the key \"\(key)\", whose path \(complaint)")
    }

    @Test("an answer has one body at most")
    func responses() throws {
        try scripted { function in
            for good in [[:], ["status": 204], ["json": [1]], ["text": "x"], ["stream": function]] as [LuaValue] {
                #expect(throws: Never.self) { try Contract.check(response: good) }
            }
            let two = #expect(throws: ShapeFault.self) { try Contract.check(response: ["text": "x", "json": 1]) }
            #expect(two?.text(of: "it") == "it: field 'text' is given besides 'json'; give one of them")
            let status = #expect(throws: ShapeFault.self) { try Contract.check(response: ["status": 99]) }
            #expect(status?.text(of: "it") == "it: field 'status' is 99; it must be from 200 to 599")
            let slip = #expect(throws: ShapeFault.self) { try Contract.check(response: ["jsn": 1]) }
            #expect(slip?.hint == "did you mean 'json'?")
        }
    }
}
