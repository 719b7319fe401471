import Glibc
import LuaBridge
import Testing

@testable import Runtime

@Suite("trash")
@Loop
struct TrashTests {
    private let fixture = FilesFixture()
    private var trash: Trash { fixture.trash }
    private var box: TrashBox { TrashBox(root: fixture.roots[0]) }

    private func place(_ path: String) throws -> FilePlace { try FilePlace(path, in: fixture.roots) }

    private func note(_ path: String) -> TrashBox.Note { TrashBox.Note(path: path, bytes: 8, removedAt: 1_000_000) }

    // MARK: through Lua

    @Test("what is removed lies in the trash, with where it was, when, and how much it held")
    func remove() async throws {
        fixture.makeTree()
        let seen = try await fixture.run(
            """
            local item = assert(fs.remove("work:tree"))
            local list = assert(fs.trash())
            return item.kind, item.root, item.path, item.bytes, item.removed_at, #list, list[1].id == item.id,
              list[1].stamp == item.stamp, fs.exists("work:tree"), #fs.list("work:")
            """)
        #expect(seen == ["trash", "work", "work:tree", 8, 1_000_000.0, 1, true, true, false, 0])
        #expect(try await fixture.run("return fs.usage('work:').files") == [0], "the trash is not in its root's usage")
    }

    @Test("a root, and what is not there, cannot be removed")
    func nothing() async throws {
        #expect(try await fixture.run("return fs.remove('work:')").kind == "invalid_input")
        #expect(try await fixture.run("return fs.remove('work:none')").kind == "not_found")
        #expect(try await fixture.run("return #fs.trash()") == [0])
        #expect(!fixture.exists("work/.trash"))
    }

    // MARK: back and away

    @Test("what is restored is where it was, in directories that are made again")
    func restore() async throws {
        fixture.makeTree()
        let item = try await trash.remove(place("work:tree/b/c"))
        _ = try await trash.remove(place("work:tree"))
        try await trash.restore(item.id, stamp: item.stamp)
        #expect(fixture.read("work/tree/b/c") == "ccccc")
        #expect(try await trash.list().map(\.path) == ["work:tree"])
    }

    @Test("nothing is restored over what is there again")
    func restoreOver() async throws {
        fixture.makeTree()
        let item = try await trash.remove(place("work:tree/a"))
        fixture.directory.write("new", to: "work/tree/a")
        let fault = await #expect(throws: Fault.self) { try await trash.restore(item.id, stamp: item.stamp) }
        #expect(fault?.kind == .conflict)
        #expect(fixture.read("work/tree/a") == "new")
        #expect(try await trash.list() == [item])
    }

    @Test("what is purged is gone, read-only directories, deep ones and links included")
    func purge() async throws {
        fixture.makeTree()
        fixture.directory.write("kept", to: "outside/kept")
        symlink(fixture.path("outside"), fixture.path("work/tree/out"))
        var deep = "work/tree"
        for _ in 0..<150 {
            deep += "/d"
            mkdir(fixture.path(deep), 0o755)
        }
        let odd = Array(fixture.path("work/tree/b/").utf8CString).dropLast() + [-1, 0]
        #expect(mkdir(Array(odd), 0o755) == 0, "a name that is not UTF-8")
        chmod(fixture.path("work/tree/b"), 0o500)
        let item = try await trash.remove(place("work:tree"))
        try await trash.purge(item.id, stamp: item.stamp)
        #expect(try await trash.list().isEmpty)
        #expect(!fixture.exists("work/.trash/\(item.id)"))
        #expect(fixture.read("outside/kept") == "kept")
    }

    @Test("a stamp that no longer holds stops both, and so does an id that is none")
    func stamps() async throws {
        fixture.makeTree()
        let item = try await trash.remove(place("work:tree"))
        for stamp in ["", "0-0", item.stamp + "0"] {
            let purge = await #expect(throws: Fault.self) { try await trash.purge(item.id, stamp: stamp) }
            let restore = await #expect(throws: Fault.self) { try await trash.restore(item.id, stamp: stamp) }
            #expect(purge?.kind == .conflict)
            #expect(restore?.kind == .conflict)
        }
        // Somebody who still had it open put something into it.
        var late = 0
        repeat {
            fixture.directory.write("", to: "work/.trash/\(item.id)/item/late\(late)")
            late += 1
        } while try box.find(item.id)?.stamp == item.stamp && late < 100_000
        let changed = await #expect(throws: Fault.self) { try await trash.purge(item.id, stamp: item.stamp) }
        #expect(changed?.kind == .conflict)
        for id in ["", "../..", "..", "00ff", "item", "\(item.id)/item"] {
            let fault = await #expect(throws: Fault.self) { try await trash.purge(id, stamp: item.stamp) }
            #expect(fault?.kind == .notFound, "\(id)")
        }
        #expect(try await trash.list().count == 1)
    }

    @Test("the oldest come first")
    func order() async throws {
        for name in ["c", "a", "b"] {
            fixture.directory.write(name, to: "work/\(name)")
            _ = try await trash.remove(place("work:\(name)"))
            fixture.clock.advance(by: .seconds(1))
        }
        #expect(try await trash.list().map(\.path) == ["work:c", "work:a", "work:b"])
    }

    // MARK: kills between two steps

    @Test(
        "killed after the note: the file is in its place, nothing is in the trash, and the remainder goes after an hour"
    )
    func killedAfterNote() async throws {
        fixture.makeTree()
        try box.prepare("00aa", note("tree"))
        #expect(fixture.read("work/tree/a") == "aaa")
        #expect(try await trash.list().isEmpty)
        fixture.clock.set(SystemClock().now + TrashBox.patience - 60)
        #expect(try await trash.sweep() == 0, "it may be somebody's removal in progress")
        fixture.clock.set(SystemClock().now + TrashBox.patience + 60)
        #expect(try await trash.sweep() == 1)
        #expect(!fixture.exists("work/.trash/00aa"))
        #expect(fixture.read("work/tree/a") == "aaa")
    }

    @Test("killed after the rename: the item is whole, known, and can be restored")
    func killedAfterRename() async throws {
        fixture.makeTree()
        try box.prepare("00aa", note("tree"))
        try box.take("00aa", place("work:tree"))
        let item = try #require(try await trash.list().first)
        #expect((item.id, item.path, item.bytes) == ("00aa", "work:tree", 8))
        fixture.clock.set(SystemClock().now + 10 * TrashBox.patience)
        #expect(try await trash.sweep() == 0, "an item is no remainder, however old")
        try await trash.restore("00aa", stamp: item.stamp)
        #expect(fixture.read("work/tree/b/c") == "ccccc")
    }

    @Test("killed in the middle of a purge: it is no longer listed, cannot be restored, and the next sweep ends it")
    func killedInPurge() async throws {
        fixture.makeTree()
        let item = try await trash.remove(place("work:tree"))
        _ = try box.condemn(item.id, stamp: item.stamp)
        #expect(try await trash.list().isEmpty)
        let fault = await #expect(throws: Fault.self) { try await trash.restore(item.id, stamp: item.stamp) }
        #expect(fault?.kind == .notFound)
        #expect(try await trash.sweep() == 1)
        #expect(!fixture.exists("work/.trash/\(item.id)"))
    }

    @Test("killed after a restore's rename: the file is back, and the remainder is nobody's")
    func killedInRestore() async throws {
        fixture.makeTree()
        let item = try await trash.remove(place("work:tree"))
        rename(fixture.path("work/.trash/\(item.id)/item"), fixture.path("work/tree"))
        #expect(try await trash.list().isEmpty)
        fixture.clock.set(SystemClock().now + TrashBox.patience + 60)
        #expect(try await trash.sweep() == 1)
        #expect(fixture.read("work/tree/a") == "aaa")
    }

    @Test("a removal that fails leaves nothing in the trash")
    func failedRename() throws {
        fixture.makeTree()
        try box.prepare("00aa", note("none"))
        #expect(throws: Fault.self) { try box.take("00aa", place("work:none")) }
        #expect(try box.ids().isEmpty)
    }

    @Test("an item without a readable note is listed, can be purged, and cannot be restored")
    func unreadableNote() async throws {
        fixture.makeTree()
        let removed = try await trash.remove(place("work:tree"))
        fixture.directory.write("{", to: "work/.trash/\(removed.id)/note.json")
        let item = try #require(try await trash.list().first)
        #expect((item.path, item.bytes) == (nil, 0))
        let fault = await #expect(throws: Fault.self) { try await trash.restore(item.id, stamp: item.stamp) }
        #expect(fault?.kind == .conflict)
        try await trash.purge(item.id, stamp: item.stamp)
        #expect(try await trash.list().isEmpty)
    }

    @Test("a note that was tampered with restores nowhere outside the root")
    func tampered() async throws {
        fixture.makeTree()
        let item = try await trash.remove(place("work:tree"))
        fixture.directory.write(
            "{\"path\":\"../outside/x\",\"bytes\":1,\"removed_at\":1}", to: "work/.trash/\(item.id)/note.json")
        let fault = await #expect(throws: Fault.self) { try await trash.restore(item.id, stamp: item.stamp) }
        #expect(fault?.kind == .denied)
        #expect(!fixture.exists("outside/x"))
    }

    @Test("a trash that is a link is not used")
    func linkedTrash() async throws {
        fixture.makeTree()
        symlink(fixture.path("outside"), fixture.path("work/.trash"))
        await #expect(throws: Fault.self) { try await trash.remove(place("work:tree")) }
        await #expect(throws: Fault.self) { try await trash.list() }
        #expect(fixture.read("work/tree/a") == "aaa")
    }

    @Test("a tree is deleted in slices, each of which can be the last before a kill")
    func slices() throws {
        mkdir(fixture.path("work/tree"), 0o755)
        for file in 0..<(TreeRemoval.slice + 100) { fixture.directory.write("", to: "work/tree/\(file)") }
        try box.prepare("00aa", note("tree"))
        try box.take("00aa", place("work:tree"))
        _ = try box.condemn("00aa", stamp: #require(try box.find("00aa")).stamp)
        #expect(try !box.destroy("00aa"))
        #expect(try box.find("00aa") == nil)
        #expect(try box.destroy("00aa"))
        #expect(try box.destroy("00aa"), "again does no harm")
        #expect(try box.ids().isEmpty)
    }
}
