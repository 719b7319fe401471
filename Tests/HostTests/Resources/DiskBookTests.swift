import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("what holds how much")
@Loop
struct DiskBookTests {
    private static let age = DiskAge(period: 1000, pause: 10)

    @Test("a size is measured anew when it is old, when its place has changed, and when somebody was at work there")
    func due() {
        let size = DiskSize(usage: DirectoryUsage(bytes: 1, files: 1), measuredAt: 5000, stamp: 7)
        let rows: [(stamp: Int64, isTouched: Bool, now: Int64, isDue: Bool)] = [
            (7, false, 5500, false), (7, false, 6000, true), (8, false, 5500, true), (8, false, 5005, false),
            (7, true, 5500, true), (7, true, 5009, false), (7, false, 4000, true),
        ]
        for row in rows {
            let isDue = Self.age.isDue(size, stamp: row.stamp, isTouched: row.isTouched, now: row.now)
            #expect(isDue == row.isDue, "\(row)")
        }
        #expect(Self.age.isDue(nil, stamp: 7, isTouched: false, now: 0))
    }

    @Test("places are measured, the largest come first, and another start knows what was measured")
    func restart() async throws {
        let bed = try await DiskBed.open()
        bed.directory.write(String(repeating: "x", count: 100_000), to: "all/large/deep/file")
        bed.directory.write("y", to: "all/small/file")
        try await bed.book.round()
        #expect(try await bed.book.view().largest.map(\.place.id) == ["large", "small"])
        let large = try #require(bed.book.size("thing", "large"))
        #expect(large.usage.bytes >= 100_000 && large.usage.files == 1 && large.measuredAt == bed.time.milliseconds)

        let before = bed.time.milliseconds
        bed.time.milliseconds += 500
        try await bed.reopen()
        try await bed.book.round()
        #expect(bed.book.size("thing", "large")?.measuredAt == before, "it is not due yet")
        bed.directory.write("more", to: "all/large/deep/other")
        bed.book.touch("thing", "large")
        try await bed.book.round()
        #expect(bed.book.size("thing", "large")?.usage.files == 2)
        #expect(bed.book.size("thing", "small")?.measuredAt == before)
        bed.time.milliseconds += 1000
        try await bed.book.round()
        #expect(bed.book.size("thing", "small")?.measuredAt == bed.time.milliseconds, "no size becomes older than that")
        await bed.close()
    }

    @Test("what is gone is forgotten, on the disk too, and links are not followed")
    func gone() async throws {
        let bed = try await DiskBed.open()
        bed.directory.write("x", to: "all/a/file")
        bed.directory.write("x", to: "all/b/file")
        bed.directory.write(String(repeating: "x", count: 100_000), to: "outside/file")
        #expect(symlink("\(bed.directory.path)/outside", "\(bed.directory.path)/all/a/link") == 0)
        try await bed.book.round()
        #expect(try #require(bed.book.size("thing", "a")).usage.bytes < 100_000)
        unlink("\(bed.directory.path)/all/b/file")
        rmdir("\(bed.directory.path)/all/b")
        try await bed.book.round()
        #expect(try await bed.book.view().largest.map(\.place.id) == ["a"])
        try await bed.store.flush()
        #expect(try await bed.store.read { try $0.all(DiskQueries.all) }.map(\.id) == ["a"])
        await bed.close()
    }

    @Test("one room's trouble hides no other's sizes, and a warning is told once")
    func trouble() async throws {
        let bed = try await DiskBed.open()
        bed.book.register(DiskSource(kind: "broken") { throw Fault(.unavailable, "no luck") })
        bed.directory.write("x", to: "all/a/file")
        try await bed.book.round()
        #expect(bed.book.size("thing", "a") != nil && bed.book.roundEndedAt != nil)
        var told: [DiskLevel?] = []
        bed.book.onWarning = { told.append($0?.level) }
        for (level, reason) in [(DiskLevel.soft, "86 %"), (.soft, "87 %"), (.hard, "96 %")] {
            bed.book.warn(DiskWarning(level: level, reason: reason, since: 1))
        }
        #expect(bed.book.warning?.reason == "96 %")
        bed.book.warn(nil)
        #expect(told == [.soft, .hard, nil])
        #expect(try await bed.book.volumes().count == 1, "two paths of one volume are one")
        await bed.close()
    }
}

/// Sizes of the directories in `all`.
@Loop
final class DiskBed {
    let directory = TemporaryDirectory()
    let time = ManualMoment()
    private(set) var store: Store!
    private(set) var book: DiskBook!
    private let log = Log(to: -1, format: .json, level: .error)

    static func open() async throws -> DiskBed {
        let bed = DiskBed()
        try await bed.openAll()
        return bed
    }

    func reopen() async throws {
        await store.close()
        try await openAll()
    }

    private func openAll() async throws {
        store = try await Store.open("\(directory.path)/perigee.db", migrations: Schema.migrations) { _ in }
        let root = directory.path
        book = try await DiskBook.open(
            store, volumes: [root, "\(root)/all", "\(root)/nothing"], age: DiskAge(period: 1000, pause: 0), log: log,
            now: { [time] in time.milliseconds })
        book.register(
            DiskSource(kind: "thing") {
                Names.directories("\(root)/all").map { DiskPlace(id: $0, path: "\(root)/all/\($0)") }
            })
    }

    func close() async { await store.close() }
}
