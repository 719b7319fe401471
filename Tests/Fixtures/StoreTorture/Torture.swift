import Glibc
import Runtime

/// Writes rows for ever and prints the number of each one that was acknowledged. A test kills it and counts.
@main
enum Torture {
    static let migrations = [
        Migration(1, "create rows", "CREATE TABLE entries (number BIGINT PRIMARY KEY, text TEXT NOT NULL)")
    ]
    static let insert = Query<Void>("INSERT INTO entries (number, text) VALUES (?, ?)")

    static func main() {
        let path = CommandLine.arguments[1]
        let first = Int64(CommandLine.arguments[2]) ?? 0
        let code: Int32 = Loop.run { await run(path, first) }
        exit(code)
    }

    @Loop
    static func run(_ path: String, _ first: Int64) async -> Int32 {
        do {
            let store = try await Store.open(path, migrations: migrations) { _ in }
            let scope = Scope("torture") { _, error in say("error \(error)") }
            for lane in 0..<Int64(8) {
                scope.spawn("lane \(lane)") {
                    var number = first + lane
                    while true {
                        try await store.write { [number] in
                            try $0.run(insert, number, String(repeating: "x", count: 300))
                        }
                        say("\(number)")
                        number += 8
                    }
                }
            }
            say("ready")
            try await Loop.sleep(for: .seconds(60))
            return 0
        } catch {
            say("error \(error)")
            return 1
        }
    }

    static func say(_ line: String) {
        var line = line + "\n"
        // Nobody reads any more once the test has gone; then nothing matters.
        _ = line.withUTF8 { write(1, $0.baseAddress, $0.count) }
    }
}
