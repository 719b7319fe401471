import Glibc
import Testing

@testable import Runtime

@Suite("store: killed while it writes")
@Loop
struct StoreTortureTests {
    @Test("no acknowledged row is lost by kill -9 at any moment, time after time", .timeLimit(.minutes(3)))
    func killed() async throws {
        let directory = TemporaryDirectory()
        let path = "\(directory.path)/torture.db"
        var random = SeededGenerator(seed: 7)
        var acknowledged: Set<Int64> = []
        for round in 0..<8 {
            let child = try await Subprocess.start(
                [program, path, "\(round * 1_000_000)"], .init(output: .stream, errors: .discard))
            let enough = Int.random(in: 1...2000, using: &random)
            var before = acknowledged.count
            try await Deadline.within(.seconds(60)) {
                for try await line in Lines(child.output!) {
                    if let number = Int64(line) { acknowledged.insert(number) }
                    #expect(!line.hasPrefix("error"), "\(line)")
                    // The rest of what it had said before it died is still read.
                    if acknowledged.count >= before + enough {
                        child.signal(SIGKILL)
                        before = .max / 2
                    }
                }
            }
            #expect(try await child.value() == .signalled(SIGKILL))
            await child.stop()
            try await check(path, acknowledged)
        }
        #expect(acknowledged.count > 100)
    }

    private func check(_ path: String, _ acknowledged: Set<Int64>) async throws {
        let schema = [
            Migration(1, "create rows", "CREATE TABLE entries (number BIGINT PRIMARY KEY, text TEXT NOT NULL)")
        ]
        let store = try await Store.open(path, migrations: schema) { _ in }
        let numbers: [Int64] = try await store.read {
            try $0.all(Query("SELECT number FROM entries", Int64.self), atMost: .max)
        }
        let found = Set(numbers)
        #expect(acknowledged.subtracting(found).isEmpty, "\(acknowledged.subtracting(found).count) rows are lost")
        #expect(try await store.integrityCheck().isEmpty)
        await store.close()
    }

    /// The fixture stands beside the test runner.
    private var program: String {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        return FilePath.directory(of: String(decoding: buffer[..<max(0, count)], as: UTF8.self)) + "/StoreTorture"
    }
}

/// The lines of a child's output.
@Loop
private struct Lines: AsyncSequence {
    let stream: ByteStream
    init(_ stream: ByteStream) { self.stream = stream }

    nonisolated func makeAsyncIterator() -> Iterator { Iterator(stream: stream) }

    struct Iterator: AsyncIteratorProtocol {
        let stream: ByteStream
        var rest: [UInt8] = []

        @Loop
        mutating func next() async throws -> String? {
            while true {
                if let end = rest.firstIndex(of: 10) {
                    defer { rest.removeFirst(end + 1) }
                    return String(decoding: rest[..<end], as: UTF8.self)
                }
                guard let more = try await stream.next() else { return nil }
                rest += more
            }
        }
    }
}
