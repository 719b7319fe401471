import Glibc
import Runtime

private let benchMigrations = [
    Migration(1, "create rows", "CREATE TABLE entries (number BIGINT PRIMARY KEY, text TEXT NOT NULL)")
]
private let insertEntry = Query<Void>("INSERT INTO entries (number, text) VALUES (?, ?)")
private let entryText = Query("SELECT text FROM entries WHERE number = ?", String.self)

/// Durable writes and point reads a second, by one caller and by many at once, each awaited from the loop.
@Loop
func storeBench(directory: String) async throws {
    let store = try await Store.open("\(directory)/bench.db", migrations: benchMigrations) { print("lost: \($0)") }
    var next: Int64 = 0
    let text = String(repeating: "x", count: 500)

    for callers in [1, 64, 256] {
        let each = callers == 1 ? 2000 : 40_000 / callers
        let rate = try await perSecond(callers: callers, each: each) { _ in
            next += 1
            try await store.write { [next] in try $0.run(insertEntry, next, text) }
        }
        report("store durable writes, \(callers) callers", rate)
    }
    let rows = UInt64(next)
    for callers in [1, 64, 256, 1024] {
        let each = callers == 1 ? 20_000 : 200_000 / callers
        let rate = try await perSecond(callers: callers, each: each) { turn in
            let number = Int64(UInt64(turn) &* 0x9e37_79b9_7f4a_7c15 % rows) + 1
            let found = try await store.read { try $0.first(entryText, number) }
            precondition(found?.utf8.count == 500)
        }
        report("store point reads, \(callers) callers", rate)
    }
    await store.close()
}

@Loop
private func perSecond(
    callers: Int, each: Int, _ work: @escaping @Loop (Int) async throws -> Void
) async throws -> Double {
    let scope = Scope("bench") { name, error in fatalError("\(name): \(error)") }
    let done = Waiter<Void>("the bench")
    var left = callers
    let start = Instant.clock
    for caller in 0..<callers {
        scope.spawn("caller") {
            for turn in 0..<each { try await work(caller * each + turn) }
            left -= 1
            if left == 0 { done.finish(.success(())) }
        }
    }
    try await done.value()
    let seconds = (Instant.clock - start).inSeconds
    await scope.close()
    return Double(callers * each) / seconds
}

private func report(_ name: String, _ rate: Double) {
    print("{\"name\":\"\(name)\",\"per_second\":\(Int(rate))}")
}
