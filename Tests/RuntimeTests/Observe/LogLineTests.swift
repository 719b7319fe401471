import Testing

@testable import Runtime

@Suite("log lines")
@Loop
struct LogLineTests {
    @Test("a line is one JSON object with time, level, message, ids and typed fields, in this order")
    func shape() throws {
        let pipe = LogPipe()
        let log = pipe.log()
        LogContext.with(["request": "r1", "run": "run_7"]) {
            log.part("web").warning(
                "slow answer", ["ms": 12.5, "status": 200, "cached": false, "path": "/x", "big": LogValue(UInt64.max)])
        }
        let line = try #require(pipe.lines(of: log).first)
        let json = try StrictJSON.parse(line)
        #expect(json["level"] == .string("warning"))
        #expect(json["message"] == .string("slow answer"))
        #expect(json["part"] == .string("web"))
        #expect(json["request"] == .string("r1"))
        #expect(json["run"] == .string("run_7"))
        #expect(json["ms"] == .number("12.5"))
        #expect(json["status"] == .number("200"))
        #expect(json["cached"] == .bool(false))
        #expect(json["big"] == .number("9223372036854775807"))
        let time = try #require(json["time"]?.text)
        #expect(time.utf8.count == 24 && time.hasSuffix("Z") && time.hasPrefix("20"))
        let keys = ["time", "level", "message", "part", "request", "run", "ms", "status"]
        let places = keys.compactMap { key in line.range(of: "\"\(key)\":") }
        #expect(places.count == keys.count)
        #expect(zip(places, places.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test(
        "nothing that is logged ends a line, moves a cursor or turns the text around",
        arguments: [
            "two\nlines", "back\rover", "\u{1b}[31mred", "\u{7f}\u{0}\u{8}", "\u{85}next", "\u{2028}sep\u{2029}",
            "\u{202e}desrever\u{2066}", "quote\" back\\slash", "\",\"level\":\"error",
        ])
    func injection(_ evil: String) throws {
        for format in [Log.Format.json, .text] {
            let pipe = LogPipe()
            let log = pipe.log(format)
            log.info(evil, ["field": .text(evil), "k\(evil)": 1])
            _ = log.flush()
            let bytes = pipe.take()
            #expect(bytes.filter { $0 == 0x0a }.count == 1)
            let text = String(decoding: bytes.dropLast(), as: UTF8.self)
            let isClean = text.unicodeScalars.allSatisfy { scalar in
                scalar.value >= 0x20 && !(0x7f...0x9f ~= scalar.value) && !(0x2028...0x202e ~= scalar.value)
                    && !(0x2066...0x2069 ~= scalar.value)
            }
            #expect(isClean, "\(text)")
            if format == .json {
                let json = try StrictJSON.parse(text)
                #expect(json["message"] == .string(evil))
                #expect(json["field"] == .string(evil))
                #expect(json["level"] == .string("info"))
            }
        }
    }

    @Test("ordinary text of any script passes as it is")
    func scripts() throws {
        let pipe = LogPipe()
        let log = pipe.log()
        let text = "Grüße, Привет, 你好, ⚠️ – “quoted” € 🙂 \u{a0}\u{2027}\u{202f}\u{2065}"
        log.info(text)
        #expect(try StrictJSON.parse(pipe.lines(of: log)[0])["message"] == .string(text))
    }

    @Test("bytes that are no UTF-8 are replaced, and numbers that JSON has not are text")
    func oddValues() throws {
        let pipe = LogPipe()
        let log = pipe.log()
        log.info("odd", ["bytes": .bytes([0x61, 0xff, 0xc3]), "nan": .number(.nan), "inf": .number(-.infinity)])
        let json = try StrictJSON.parse(pipe.lines(of: log)[0])
        #expect(json["bytes"] == .string("a\u{fffd}\u{fffd}"))
        #expect(json["nan"] == .string("nan"))
        #expect(json["inf"] == .string("-inf"))
    }

    @Test("each key comes once: a field beats an inherited id, and a line's own names are not taken")
    func keys() throws {
        let pipe = LogPipe()
        let log = pipe.log()
        LogContext.with(["run": "outer"]) {
            log.info("real", ["run": "inner", "message": "forged", "level": "error", "time": 0])
        }
        let json = try StrictJSON.parse(pipe.lines(of: log)[0])
        #expect(json["run"] == .string("inner"))
        #expect(json["message"] == .string("real"))
        #expect(json["level"] == .string("info"))
        #expect(json["message_"] == .string("forged"))
    }

    @Test("a line stays within its bound, is cut between characters, and says what is missing")
    func bounds() throws {
        let pipe = LogPipe()
        let log = pipe.log()
        var fields = LogFields()
        for number in 0..<100 { fields["field\(number)"] = .text(String(repeating: "ü", count: 5000)) }
        log.info(String(repeating: "€", count: 100_000), fields)
        let line = try #require(pipe.lines(of: log).first)
        #expect(line.utf8.count <= 16_384 + 200)
        let json = try StrictJSON.parse(line)
        let message = try #require(json["message"]?.text)
        #expect(message.hasPrefix("€€€") && message.hasSuffix("€… (295905 bytes more)"))
        #expect(json["field0"]?.text?.hasPrefix("üüü") == true)
        #expect(json["field99"] == nil)
        #expect(json["fields_dropped"] != nil)
    }

    @Test("a short line of many fields keeps 32 of them and counts the others")
    func manyFields() throws {
        let pipe = LogPipe()
        let log = pipe.log()
        var fields = LogFields()
        for number in 0..<40 { fields["f\(number)"] = LogValue(number) }
        log.info("many", fields)
        let json = try StrictJSON.parse(pipe.lines(of: log)[0])
        #expect(json["f31"] == .number("31"))
        #expect(json["f32"] == nil)
        #expect(json["fields_dropped"] == .number("8"))
    }

    @Test("text for people: time, level, message, then fields, coloured only when asked")
    func text() throws {
        let pipe = LogPipe()
        let plain = pipe.log(.text, coloured: false)
        plain.error("it broke", ["path": "/a b", "n": 3, "name": "plain"])
        let line = pipe.lines(of: plain)[0]
        #expect(line.dropFirst(12) == " error it broke  path=\"/a b\"  n=3  name=plain")
        let coloured = pipe.log(.text, coloured: true)
        coloured.error("it broke")
        #expect(pipe.lines(of: coloured)[0].contains("\u{1b}[31merror"))
    }

    @Test("a pipe is no terminal, so `auto` writes JSON; levels below the set one cost nothing and write nothing")
    func automatic() throws {
        let pipe = LogPipe()
        let log = pipe.log(.auto, level: .warning)
        var evaluated = 0
        func text() -> String {
            evaluated += 1
            return "x"
        }
        log.info(text())
        log.debug(text())
        #expect(evaluated == 0)
        log.setLevel(.debug)
        log.debug(text())
        #expect(try StrictJSON.parse(pipe.lines(of: log)[0])["level"] == .string("debug"))
    }

    @Test("an error says its kind, message and hint")
    func faults() throws {
        let pipe = LogPipe()
        let log = pipe.log()
        log.error("no start", Fault(.conflict, "port 8000 is taken", hint: "set PORT"), ["port": 8000])
        let json = try StrictJSON.parse(pipe.lines(of: log)[0])
        #expect(json["error"] == .string("port 8000 is taken"))
        #expect(json["kind"] == .string("conflict"))
        #expect(json["hint"] == .string("set PORT"))
        #expect(json["port"] == .number("8000"))
    }

    @Test("ids are inherited by tasks, carried to other threads by hand, and asked for where no task is")
    func contexts() async throws {
        let pipe = LogPipe()
        let log = pipe.log()
        log.setAmbient { LogContext(["request": "ambient"]) }
        let scope = Scope("test") { _, _ in }
        await LogContext.with(["request": "r9", "chat": "c1"]) {
            let done = Waiter<Void>("the task")
            scope.spawn("child") {
                await Loop.yield()
                log.info("from a task")
                done.finish(.success(()))
            }
            try? await done.value()  // it cannot fail
            let context = LogContext.current
            _ = try? await BlockingPool.shared.run("a line") { context.bind { log.info("from a thread") } }
        }
        log.info("from nowhere")
        await scope.close()
        let lines = try pipe.lines(of: log).map { try StrictJSON.parse($0) }
        #expect(lines.map { $0["request"]?.text } == ["r9", "r9", "ambient"])
        #expect(lines.map { $0["chat"]?.text } == ["c1", "c1", nil])
    }

    @Test("a context holds a handful of ids and no more")
    func contextBound() {
        var context = LogContext()
        for number in 0..<50 { context["k\(number)"] = "v" }
        #expect(context.fields.pairs.count == LogContext.limit)
        context["k0"] = "changed"
        #expect(context["k0"] == "changed")
    }
}

extension String {
    /// Where `part` begins and ends, in bytes.
    fileprivate func range(of part: String) -> Int? {
        let (all, wanted) = (Array(utf8), Array(part.utf8))
        return all.indices.first { all[$0...].starts(with: wanted) }
    }
}
