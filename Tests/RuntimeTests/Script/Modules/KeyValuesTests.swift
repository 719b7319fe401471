import Testing

@testable import Runtime

/// The two kinds of values, which must not differ in anything that a script can see.
enum ValuesKind: String, CaseIterable, Sendable { case stored, memory }

/// Values of one kind with their clock, and the store that is closed at the end.
@Loop
final class ValuesFixture {
    let clock = ManualClock(1_000_000)
    let values: any KeyValues
    let store: Store?
    private let directory = TemporaryDirectory()

    static let migrations = [Migration(1, "values", StoredValues.schema)]

    init(_ kind: ValuesKind) async throws {
        switch kind {
        case .memory:
            store = nil
            values = MemoryValues(clock: clock)
        case .stored:
            let store = try await Store.open("\(directory.path)/p.db", migrations: ValuesFixture.migrations) { _ in }
            self.store = store
            values = StoredValues(store, clock: clock)
        }
    }

    func removeExpired(_ limit: Int) async throws -> Int {
        if let stored = values as? StoredValues { return try await stored.removeExpired(limit: limit) }
        return (values as! MemoryValues).removeExpired(limit: limit)
    }

    func close() async { await store?.close() }
}

@Suite("values of scripts")
@Loop
struct KeyValuesTests {
    private func with(_ kind: ValuesKind, _ body: (ValuesFixture) async throws -> Void) async throws {
        let fixture = try await ValuesFixture(kind)
        do { try await body(fixture) } catch { Issue.record("\(kind): \(error)") }
        await fixture.close()
    }

    @Test("a value is there from set to remove, in its namespace only", arguments: ValuesKind.allCases)
    func basics(_ kind: ValuesKind) async throws {
        try await with(kind) { fixture in
            let values = fixture.values
            #expect(try await values.get("a", "k") == nil)
            try await values.set("a", "k", "1", lifetime: nil)
            try await values.set("a", "k", "[2]", lifetime: nil)
            try await values.set("b", "k", "3", lifetime: nil)
            #expect(try await values.get("a", "k") == "[2]")
            #expect(try await values.remove("a", "k"))
            #expect(try await !values.remove("a", "k"))
            #expect(try await values.get("a", "k") == nil)
            #expect(try await values.get("b", "k") == "3")
        }
    }

    @Test("a value is gone at the very moment that its time is over", arguments: ValuesKind.allCases)
    func lifetime(_ kind: ValuesKind) async throws {
        try await with(kind) { fixture in
            let (values, clock) = (fixture.values, fixture.clock)
            try await values.set("a", "k", "1", lifetime: .seconds(10))
            try await values.set("a", "now", "1", lifetime: .zero)
            #expect(try await values.get("a", "now") == nil)
            clock.advance(by: .milliseconds(9999))
            #expect(try await values.get("a", "k") == "1")
            clock.advance(by: .milliseconds(1))
            #expect(try await values.get("a", "k") == nil)
            #expect(try await values.list("a", prefix: "", after: nil, limit: 10).isEmpty)
            #expect(try await !values.remove("a", "k"), "what has expired cannot be removed")
            #expect(try await values.swap("a", "k", expected: nil, "2", lifetime: nil), "nor does it stand in the way")
            clock.advance(by: .seconds(100))
            #expect(try await values.get("a", "k") == "2", "a new value without lifetime does not inherit the old one")
        }
    }

    @Test("setting again sets the time again, and counting does not", arguments: ValuesKind.allCases)
    func lifetimeOfCounters(_ kind: ValuesKind) async throws {
        try await with(kind) { fixture in
            let (values, clock) = (fixture.values, fixture.clock)
            try await values.set("a", "k", "1", lifetime: .seconds(10))
            #expect(try await values.increment("a", "n", by: 2, lifetime: .seconds(10)) == 2)
            clock.advance(by: .seconds(6))
            try await values.set("a", "k", "1", lifetime: .seconds(10))
            #expect(try await values.increment("a", "n", by: -5, lifetime: .seconds(10)) == -3)
            clock.advance(by: .seconds(6))
            #expect(try await values.get("a", "k") == "1")
            #expect(try await values.get("a", "n") == nil)
            #expect(try await values.increment("a", "n", by: 1, lifetime: nil) == 1)
        }
    }

    @Test("only whole numbers count, and only up to 64 bits", arguments: ValuesKind.allCases)
    func counting(_ kind: ValuesKind) async throws {
        try await with(kind) { fixture in
            let values = fixture.values
            try await values.set("a", "text", "\"x\"", lifetime: nil)
            try await values.set("a", "large", "\(Int64.max)", lifetime: nil)
            for key in ["text", "large"] {
                let fault = await #expect(throws: Fault.self) {
                    try await values.increment("a", key, by: 1, lifetime: nil)
                }
                #expect(fault?.kind == .conflict)
                #expect(fault?.message.contains("'\(key)'") == true)
            }
            #expect(try await values.get("a", "large") == "\(Int64.max)")
        }
    }

    @Test("swapping asks for exactly the present value", arguments: ValuesKind.allCases)
    func swapping(_ kind: ValuesKind) async throws {
        try await with(kind) { fixture in
            let values = fixture.values
            #expect(try await !values.swap("a", "k", expected: "1", "2", lifetime: nil))
            #expect(try await values.swap("a", "k", expected: nil, "1", lifetime: nil))
            #expect(try await !values.swap("a", "k", expected: nil, "9", lifetime: nil))
            #expect(try await !values.swap("a", "k", expected: "2", "9", lifetime: nil))
            #expect(try await values.swap("a", "k", expected: "1", "2", lifetime: .seconds(5)))
            #expect(try await values.get("a", "k") == "2")
            fixture.clock.advance(by: .seconds(5))
            #expect(try await values.get("a", "k") == nil)
            try await values.set("a", "k", "\"\u{e9}\"", lifetime: nil)
            #expect(
                try await !values.swap("a", "k", expected: "\"e\u{301}\"", "0", lifetime: nil), "bytes are compared")
        }
    }

    @Test("of many who swap at once one wins, and of many who count none is lost", arguments: ValuesKind.allCases)
    func races(_ kind: ValuesKind) async throws {
        try await with(kind) { fixture in
            let values = fixture.values
            let (scope, won) = (Scope.forTest(), Mailbox<Int>("won", limit: 1000))
            for number in 0..<50 {
                scope.spawn("swaps") {
                    _ = try await values.increment("a", "n", by: 1, lifetime: nil)
                    if try await values.swap("a", "claim", expected: nil, "\(number)", lifetime: nil) {
                        won.send(number)
                    }
                }
            }
            await scope.close(grace: .seconds(60))
            won.finish()
            var winners: [Int] = []
            while let winner = try await won.next() { winners.append(winner) }
            #expect(winners.count == 1)
            #expect(try await values.get("a", "claim") == winners.first.map(String.init))
            #expect(try await values.get("a", "n") == "50")
        }
    }

    @Test("lists come in the order of bytes, by prefix, a page after the other", arguments: ValuesKind.allCases)
    func lists(_ kind: ValuesKind) async throws {
        try await with(kind) { fixture in
            let values = fixture.values
            let keys = ["a", "a%", "a/1", "a/10", "a/2", "a_", "aé", "ae\u{301}", "b", "A", "é", "z"]
            for key in keys.shuffled() { try await values.set("n", key, "\"\(key)\"", lifetime: nil) }
            try await values.set("m", "a/3", "0", lifetime: nil)
            @Loop func list(_ prefix: String, _ after: String? = nil, _ limit: Int = 100) async throws -> [String] {
                try await values.list("n", prefix: prefix, after: after, limit: limit).map(\.key)
            }
            let sorted = keys.sorted { ValueText.precedes($0, $1) }
            #expect(try await list("").map { Array($0.utf8) } == sorted.map { Array($0.utf8) })
            #expect(try await list("a/") == ["a/1", "a/10", "a/2"])
            #expect(try await list("a%") == ["a%"])
            #expect(try await list("a/", "a/1", 1) == ["a/10"])
            #expect(try await list("a/", "a/2").isEmpty)
            #expect(try await list("a/", "A") == ["a/1", "a/10", "a/2"], "a start before the prefix changes nothing")
            #expect(try await list("nothing").isEmpty)
            var paged: [String] = []
            while let last = try await list("", paged.last, 5).last {
                paged += try await list("", paged.last, 5)
                #expect(paged.last == last)
            }
            #expect(paged.count == keys.count)
        }
    }

    @Test("a page ends before its values are too large together", arguments: ValuesKind.allCases)
    func largePages(_ kind: ValuesKind) async throws {
        try await with(kind) { fixture in
            let large = "\"" + String(repeating: "x", count: 250_000) + "\""
            for number in 0..<10 { try await fixture.values.set("n", "\(number)", large, lifetime: nil) }
            let first = try await fixture.values.list("n", prefix: "", after: nil, limit: 100)
            #expect(first.map(\.key) == ["0", "1", "2", "3"])
            let second = try await fixture.values.list("n", prefix: "", after: "3", limit: 100)
            #expect(second.first?.key == "4")
        }
    }

    @Test("what has expired is deleted in bounded steps, and nothing else is", arguments: ValuesKind.allCases)
    func removingExpired(_ kind: ValuesKind) async throws {
        try await with(kind) { fixture in
            let values = fixture.values
            for number in 0..<5 { try await values.set("a", "\(number)", "1", lifetime: .seconds(number + 1)) }
            try await values.set("a", "kept", "1", lifetime: nil)
            fixture.clock.advance(by: .seconds(4))
            #expect(try await fixture.removeExpired(3) == 3)
            #expect(try await fixture.removeExpired(3) == 1)
            #expect(try await fixture.removeExpired(3) == 0)
            #expect(try await values.list("a", prefix: "", after: nil, limit: 9).map(\.key) == ["4", "kept"])
        }
    }

    @Test("what was answered is there when the store is opened again")
    func durable() async throws {
        let directory = TemporaryDirectory()
        let clock = ManualClock(0)
        for round in 0..<2 {
            let store = try await Store.open("\(directory.path)/p.db", migrations: ValuesFixture.migrations) { _ in }
            let values = StoredValues(store, clock: clock)
            #expect(try await values.get("a", "k") == (round == 0 ? nil : "1"))
            try await values.set("a", "k", "1", lifetime: nil)
            await store.close()
        }
    }
}
