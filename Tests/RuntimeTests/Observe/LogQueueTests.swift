import Glibc
import Testing

@testable import Runtime

@Suite("log writer")
@Loop
struct LogQueueTests {
    @Test("a reader that stops never blocks the loop: the oldest lines go, are counted, and a line says how many")
    func slowReader() throws {
        let pipe = LogPipe()
        var limits = Log.Limits()
        limits.queuedLines = 100
        let log = pipe.log(limits: limits)
        let filler = String(repeating: "x", count: 1000)
        for number in 0..<1000 { log.info(filler, ["n": LogValue(number)]) }
        #expect(!log.flush(atMost: .milliseconds(1)))
        #expect(log.lostLines > 500)
        let before = log.lostLines
        var bytes: [UInt8] = []
        while !log.flush(atMost: .milliseconds(20)) { bytes += pipe.take() }
        bytes += pipe.take()
        let lines = try String(decoding: bytes, as: UTF8.self).split(separator: "\n").map {
            try StrictJSON.parse(String($0))
        }
        let notice = lines.first { $0["message"]?.text?.hasPrefix("log lines dropped") == true }
        #expect(notice?["lines"] == .number("\(before)"))
        let numbers = lines.compactMap { line -> Int? in
            if case .number(let number)? = line["n"] { Int(number) } else { nil }
        }
        #expect(numbers == numbers.sorted())
        #expect(numbers.last == 999)
        #expect(numbers.count + before == 1000)
    }

    @Test("the queue is bounded in bytes too")
    func byteBound() {
        let pipe = LogPipe()
        var limits = Log.Limits()
        limits.queuedBytes = 20_000
        let log = pipe.log(limits: limits)
        for number in 0..<500 { log.info(String(repeating: "y", count: 2000), ["n": LogValue(number)]) }
        #expect(log.lostLines >= 500 - (65_536 + 20_000) / 2000 - 1)
        while !log.flush(atMost: .milliseconds(20)) { _ = pipe.take() }
    }

    @Test("lines of many threads come whole and none is lost")
    func threads() async throws {
        let pipe = LogPipe()
        let log = pipe.log()
        var seen: [UInt8] = []
        let scope = Scope("threads") { task, error in Issue.record("\(task): \(error)") }
        for thread in 0..<4 {
            scope.spawn("thread") {
                try await BlockingPool.shared.run("lines") {
                    for number in 0..<250 { log.info("line", ["thread": LogValue(thread), "n": LogValue(number)]) }
                }
            }
        }
        try await Deadline.within(.seconds(20)) {
            while scope.taskCount > 0 {
                seen += pipe.take()
                try await Loop.sleep(for: .milliseconds(1))
            }
        }
        while !log.flush(atMost: .milliseconds(20)) { seen += pipe.take() }
        seen += pipe.take()
        let lines = try String(decoding: seen, as: UTF8.self).split(separator: "\n").map {
            try StrictJSON.parse(String($0))
        }
        #expect(lines.count == 1000)
        #expect(Set(lines.map { "\($0["thread"]!) \($0["n"]!)" }).count == 1000)
    }

    @Test("a reader that is gone costs its lines, not the program")
    func brokenPipe() {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        close(ends[0])
        let log = Log(to: ends[1], format: .json)
        log.info("into the void")
        #expect(log.flush(atMost: .seconds(10)))
        #expect(log.lostLines == 1)
        close(ends[1])
    }

    @Test("a descriptor that somebody made non-blocking loses nothing")
    func nonBlocking() {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        for end in ends { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
        let log = Log(to: ends[1], format: .json)
        let filler = String(repeating: "z", count: 1000)
        for number in 0..<200 { log.info(filler, ["n": LogValue(number)]) }
        var newlines = 0
        var bytes = [UInt8](repeating: 0, count: 65_536)
        func drain() {
            while true {
                let count = read(ends[0], &bytes, bytes.count)
                if count <= 0 { return }
                newlines += bytes[..<count].count { $0 == 0x0a }
            }
        }
        while !log.flush(atMost: .milliseconds(20)) { drain() }
        drain()
        #expect(newlines == 200)
        #expect(log.lostLines == 0)
        for end in ends { close(end) }
    }

    @Test("identical lines are held back after the fifth and counted in one line")
    func repeats() throws {
        let pipe = LogPipe()
        let log = pipe.log()
        for _ in 0..<100 { log.error("the same again", ["why": "it broke"]) }
        log.error("the same again", ["why": "something else"])
        let lines = try pipe.lines(of: log).map { try StrictJSON.parse($0) }
        #expect(lines.count == 7)
        #expect(lines[5]["why"] == .string("something else"))
        #expect(lines[6]["message"] == .string("the same again"))
        #expect(lines[6]["repeated"] == .number("95"))
    }

    @Test("a log that nobody holds any more has written everything")
    func lastLine() async throws {
        let pipe = LogPipe()
        do {
            let log = pipe.log()
            log.info("last words")
        }
        var bytes: [UInt8] = []
        try await Deadline.within(.seconds(10)) {
            while bytes.last != 0x0a {
                bytes += pipe.take()
                try await Loop.sleep(for: .milliseconds(1))
            }
        }
        #expect(String(decoding: bytes, as: UTF8.self).contains("last words"))
    }

    @Test("what was logged before a crash, or before exit, is written")
    func crash() async throws {
        let crashed = try await #require(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let log = Log(format: .json)
            log.surviveExit()
            for number in 0..<500 { log.info("before the crash", ["n": LogValue(number)]) }
            abort()
        }
        #expect(crashed.standardErrorContent.lines.contains { $0.contains("\"n\":499}") })
        let ended = try await #require(processExitsWith: .success, observing: [\.standardErrorContent]) {
            let log = Log(format: .json)
            log.surviveExit()
            for number in 0..<500 { log.info("before the end", ["n": LogValue(number)]) }
            exit(0)
        }
        #expect(ended.standardErrorContent.lines.contains { $0.contains("\"n\":499}") })
    }
}

extension [UInt8] {
    fileprivate var lines: [Substring] { String(decoding: self, as: UTF8.self).split(separator: "\n") }
}

@Suite("repeat filter")
struct RepeatFilterTests {
    private func at(_ seconds: UInt64) -> Instant { Instant(nanoseconds: seconds * 1_000_000_000) }

    /// Admits lines one after the other and says which passed.
    private func pass(_ filter: inout RepeatFilter, _ lines: [UInt8], at seconds: UInt64) -> [Bool] {
        var passed: [Bool] = []
        for line in lines { passed.append(filter.admits([line], at: at(seconds))) }
        return passed
    }

    private func reports(_ filter: inout RepeatFilter, at seconds: UInt64) -> [RepeatFilter.Report] {
        filter.expire(at: at(seconds))
    }

    @Test("lets a burst through, holds the rest, reports once, and starts anew")
    func period() {
        var filter = RepeatFilter(burst: 2, period: .seconds(10), limit: 8)
        let first = pass(&filter, [1, 1, 1, 1, 1], at: 100) + pass(&filter, [2], at: 105)
        #expect(first == [true, true, false, false, false, true])
        #expect(filter.nextReport == at(110))
        let told = [reports(&filter, at: 109), reports(&filter, at: 110)]
        #expect(told == [[], [.init(body: [1], count: 3)]])
        #expect(filter.nextReport == nil)
        let anew = pass(&filter, [1], at: 111)
        #expect(anew == [true])
        let end = reports(&filter, at: 200)
        #expect(end == [])
    }

    @Test("a full table holds nothing back that it does not know")
    func full() {
        var filter = RepeatFilter(burst: 1, period: .seconds(10), limit: 2)
        let passed = pass(&filter, [1, 2], at: 0) + pass(&filter, [3, 3, 3, 1], at: 1)
        #expect(passed == [true, true, true, true, true, false])
        let told = reports(&filter, at: 10)
        #expect(told == [.init(body: [1], count: 1)])
        let later = pass(&filter, [3, 3], at: 10)
        #expect(later == [true, false])
    }
}
