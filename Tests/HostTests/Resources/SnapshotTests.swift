import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("snapshots of agents")
@Loop
struct SnapshotTests {
    private let directory = TemporaryDirectory()
    private var places: SnapshotPlaces { SnapshotPlaces(root: "\(directory.path)/runners") }
    private static let tree = "w1/k1/data/opencode/snapshot/p1/t1"
    private static let rest = "\(tree)/objects/pack/tmp_pack_abc"

    init() {
        directory.write("x", to: "runners/\(Self.tree)/objects/pack/pack-1.pack")
        directory.write("half", to: "runners/\(Self.rest)")
        directory.write("x", to: "runners/\(Self.tree)/objects/pack/tmp_pack_young")
        directory.write("x", to: "runners/w1/k1/data/opencode/snapshot/p2/objects/ab/cd")
        directory.write("mine", to: "runners/w1/k1/data/opencode/opencode.db")
        age("runners/\(Self.rest)")
    }

    private func age(_ name: String) {
        var times = [timespec(tv_sec: 1_700_000_000, tv_nsec: 0), timespec(tv_sec: 1_700_000_000, tv_nsec: 0)]
        #expect(utimensat(AT_FDCWD, "\(directory.path)/\(name)", &times, 0) == 0)
    }

    private func exists(_ name: String) -> Bool { access("\(directory.path)/runners/\(name)", F_OK) == 0 }

    private func target(_ kind: SnapshotItem.Kind, isBusy: @escaping (String) -> Bool = { _ in false })
        -> SnapshotTarget
    {
        SnapshotTarget(kind, places, isBusy: isBusy, now: Access.now)
    }

    private func item(_ kind: SnapshotItem.Kind, _ id: String) -> PlanEntry {
        let stamp = places.find(id, now: Access.now()).map { String($0.changedAt) }
        return PlanEntry(action: .remove, kind: kind.rawValue, id: id, reason: "old", stamp: stamp)
    }

    @Test("they are found with their leftovers; a pack that is being written is none")
    func list() {
        let found = places.list(now: Access.now())
        #expect(found.filter { $0.kind == .snapshot }.map(\.id) == [Self.tree, "w1/k1/data/opencode/snapshot/p2"])
        #expect(found.filter { $0.kind == .rest }.map(\.id) == [Self.rest])
        #expect(found.allSatisfy { $0.workspace == "w1" })
    }

    @Test("a leftover goes, and what is beside it stays")
    func leftover() async throws {
        let item = item(.rest, Self.rest)
        #expect(try await target(.rest).check(item) == .removable)
        #expect(try await target(.rest).remove(item) > 0)
        #expect(!exists(Self.rest) && exists("\(Self.tree)/objects/pack/pack-1.pack"))
        #expect(try await target(.rest).check(item) == .gone)
    }

    @Test("nothing goes while somebody is at work there, also when they begin between check and removal")
    func busy() async throws {
        let item = item(.snapshot, Self.tree)
        #expect(try await target(.snapshot) { $0 == "w1" }.check(item) == .stays("somebody is at work there"))
        #expect(try await target(.snapshot) { _ in true }.remove(item) == 0)
        var looks = 0
        let late = target(.snapshot) { _ in
            looks += 1
            return looks > 1
        }
        await #expect(throws: Fault.self) { try await late.remove(item) }
        #expect(exists("\(Self.tree)/objects/pack/pack-1.pack"))
    }

    @Test("a snapshot goes with all that is in it, unless it was used since the plan")
    func snapshot() async throws {
        let old = item(.snapshot, Self.tree)
        // The clock of a file system has steps, and this may all come in one of them.
        repeat {
            directory.write("y", to: "runners/\(Self.tree)/index")
        } while item(.snapshot, Self.tree).stamp == old.stamp
        #expect(try await target(.snapshot).check(old) == .stays("it was used since"))
        let fresh = item(.snapshot, Self.tree)
        #expect(try await target(.snapshot).remove(fresh) > 0)
        #expect(!exists(Self.tree) && exists("w1/k1/data/opencode/snapshot/p2/objects/ab/cd"))
    }

    @Test("what a kill left of a removal is found as a leftover and goes")
    func halfDeleted() async throws {
        let half = "w1/k1/data/opencode/snapshot/p1/\(TreeDeletion.prefix)abc"
        directory.write("x", to: "runners/\(half)/objects/x")
        #expect(places.list(now: Access.now()).contains { $0.kind == .rest && $0.id == half })
        _ = try await target(.rest).remove(item(.rest, half))
        #expect(!exists(half))
    }

    @Test(
        "what is no place of a snapshot is nothing to remove",
        arguments: [
            "", "..", "/etc", "w1", "w1/k1/data/opencode", "w1/k1/data/opencode/opencode.db",
            "w1/k1/data/opencode/snapshot/../opencode.db", "../../etc/x/data/opencode/snapshot/p",
            "w1/k1/data/opencode/snapshot/p1/t1/objects/pack/pack-1.pack", "a\u{0}b",
        ])
    func strange(id: String) async throws {
        for kind in SnapshotItem.Kind.allCases {
            let item = PlanEntry(action: .remove, kind: kind.rawValue, id: id, reason: "old", stamp: "0")
            #expect(try await target(kind).check(item) == .gone)
            #expect(try await target(kind).remove(item) == 0)
        }
        #expect(exists("w1/k1/data/opencode/opencode.db"))
    }

    @Test("a link that somebody planted leads nowhere")
    func links() async throws {
        directory.write("dear", to: "elsewhere/objects/x")
        let link = "\(directory.path)/runners/w1/k1/data/opencode/snapshot/p3"
        #expect(symlink("\(directory.path)/elsewhere", link) == 0)
        #expect(!places.list(now: Access.now()).contains { $0.id.contains("p3") })
        let item = PlanEntry(
            action: .remove, kind: "snapshot", id: "w1/k1/data/opencode/snapshot/p3", reason: "old", stamp: "0")
        #expect(try await target(.snapshot).remove(item) == 0)
        #expect(access("\(directory.path)/elsewhere/objects/x", F_OK) == 0)
    }
}
