import Glibc
import LuaBridge
import Testing

@testable import Runtime

/// Roots on the disk, and the module before them.
@Loop
final class FilesFixture {
    let directory = TemporaryDirectory()
    let clock = ManualClock(1_000_000)
    let roots: [FileRoot]

    init() {
        for name in ["work", "outside", "fixed"] { mkdir("\(directory.path)/\(name)", 0o755) }
        roots = [
            FileRoot("work", "\(directory.path)/work", isWritable: true),
            FileRoot("fixed", "\(directory.path)/fixed", isWritable: false),
        ]
    }

    var world: World {
        var world = bareWorld()
        world.clock = clock
        world.roots = roots
        return world
    }

    var trash: Trash { Trash(roots, clock: clock) }

    func run(_ text: String) async throws -> LuaResults {
        try await ModuleHarness(.fs(world)).run("local fs = require 'host.fs' " + text)
    }

    func path(_ name: String) -> String { "\(directory.path)/\(name)" }

    func exists(_ name: String) -> Bool {
        var status = stat()
        return lstat(path(name), &status) == 0
    }

    func read(_ name: String) -> String? {
        let descriptor = open(path(name), O_RDONLY)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        return String(decoding: bytes[..<max(0, Glibc.read(descriptor, &bytes, bytes.count))], as: UTF8.self)
    }

    /// A directory with files in it: `work/tree/{a,b/c}`.
    func makeTree() {
        mkdir(path("work/tree"), 0o755)
        mkdir(path("work/tree/b"), 0o755)
        directory.write("aaa", to: "work/tree/a")
        directory.write("ccccc", to: "work/tree/b/c")
    }
}

@Suite("host.fs")
@Loop
struct FilesModuleTests {
    private let fixture = FilesFixture()

    private func run(_ text: String) async throws -> LuaResults { try await fixture.run(text) }

    @Test("what is written is read, whole and byte for byte, and no draft stays behind")
    func writing() async throws {
        let seen = try await run(
            """
            return fs.write("work:a.bin", "one\\0\\xff"), fs.read("work:a.bin"), fs.write("work:a.bin", "two"),
              fs.read("work:a.bin"), fs.append("work:a.bin", "+"), fs.append("work:new", "n"), fs.read("work:a.bin")
            """)
        #expect(seen.all == [true, .bytes(Array("one\0".utf8) + [0xff]), true, "two", true, true, "two+"])
        #expect(try await run("return #fs.list('work:'), fs.read('work:new')") == [2, "n"])
    }

    @Test("a file that is replaced keeps its mode")
    func mode() async throws {
        fixture.directory.write("#!/bin/sh", to: "work/script")
        chmod(fixture.path("work/script"), 0o750)
        _ = try await run("fs.write('work:script', 'x')")
        var status = stat()
        lstat(fixture.path("work/script"), &status)
        #expect(status.st_mode & 0o777 == 0o750)
    }

    @Test("directories are made with those above them, listed by name, and looked at")
    func directories() async throws {
        fixture.directory.write("12345", to: "work/b.txt")
        symlink("b.txt", fixture.path("work/link"))
        let seen = try await run(
            """
            assert(fs.mkdir("work:x/y/z"))
            assert(fs.mkdir("work:x/y/z"))
            local names = {}
            for _, entry in ipairs(assert(fs.list("work:"))) do names[#names + 1] = entry.name .. "=" .. entry.kind end
            local status = fs.stat("work:b.txt")
            return table.concat(names, " "), status.kind, status.size, status.modified > 1.7e9, fs.stat("work:x").kind,
              fs.stat("work:link").kind, fs.stat("work:").kind
            """)
        #expect(seen == ["b.txt=file link=link x=directory", "file", 5, true, "directory", "link", "directory"])
    }

    @Test("exists tells files and links from nothing, and a bad path from both")
    func exists() async throws {
        fixture.directory.write("", to: "work/a")
        symlink("/nowhere", fixture.path("work/dangling"))
        let seen = try await run(
            """
            return fs.exists("work:a"), fs.exists("work:b"), fs.exists("work:a/b"), fs.exists("work:dangling"),
              fs.exists("work:")
            """
        )
        #expect(seen == [true, false, false, true, true])
        #expect(try await run("return fs.exists('nowhere:a')").kind == "not_found")
    }

    @Test("usage counts contents, and a file with two names once")
    func usage() async throws {
        fixture.makeTree()
        link(fixture.path("work/tree/a"), fixture.path("work/tree/again"))
        symlink("/usr", fixture.path("work/tree/usr"))
        let tree = try await run("local u = fs.usage('work:tree') return u.bytes, u.files, u.directories")
        #expect(tree == [8, 3, 2])
        #expect(
            try await run("local u = fs.usage('work:tree/b/c') return u.bytes, u.files, u.directories") == [5, 1, 0])
        #expect(try await run("return fs.usage('work:none')").kind == "not_found")
    }

    @Test("a tree is counted in slices, which add up")
    func slices() async throws {
        for directory in 0..<20 {
            mkdir(fixture.path("work/\(directory)"), 0o755)
            for file in 0..<300 { fixture.directory.write("x", to: "work/\(directory)/\(file)") }
        }
        var usage = try TreeUsage(FilePlace("work:", in: fixture.roots))
        var slices = 0
        while !usage.isDone {
            usage = try usage.continued()
            slices += 1
        }
        #expect((usage.bytes, usage.files, usage.directories) == (6000, 6000, 21))
        #expect(slices > 1)
    }

    @Test(
        "no path leads out of its root, however it is written",
        arguments: [
            ("work:../outside/secret", "denied"), ("work:a/../../outside/secret", "denied"), ("work:..", "denied"),
            ("work:/etc/passwd", "invalid_input"), ("/etc/passwd", "invalid_input"), ("work:a//b", "invalid_input"),
            ("work:./a", "invalid_input"), ("work:a/", "invalid_input"), ("etc:passwd", "not_found"),
            ("work:a\\0b", "invalid_input"), (":a", "not_found"), ("", "invalid_input"),
            ("work:.trash/x", "denied"), ("work:.trash", "denied"),
        ])
    func escapes(_ path: String, _ kind: String) async throws {
        fixture.directory.write("secret", to: "outside/secret")
        for call in [
            "read('\(path)')", "write('\(path)', '')", "stat('\(path)')", "remove('\(path)')", "mkdir('\(path)')",
        ] {
            #expect(try await run("return fs.\(call)").kind == kind, "fs.\(call)")
        }
        #expect(fixture.read("outside/secret") == "secret")
    }

    @Test("no symbolic link is followed, neither at the end of a path nor on its way")
    func links() async throws {
        fixture.directory.write("secret", to: "outside/secret")
        fixture.directory.write("mine", to: "work/mine")
        symlink(fixture.path("outside"), fixture.path("work/out"))
        symlink("../outside/secret", fixture.path("work/file"))
        symlink("mine", fixture.path("work/inner"))
        for path in ["work:out/secret", "work:file", "work:inner"] {
            let seen = try await run("return fs.read('\(path)')")
            #expect(seen.kind == "denied", "\(path)")
            #expect(seen.message == "open \(path): a symbolic link is in the way, and scripts follow none")
        }
        for call in [
            "append('work:file', 'x')", "write('work:out/new', 'x')", "mkdir('work:out/new')", "list('work:out')",
            "remove('work:out/secret')", "usage('work:out/secret')",
        ] {
            #expect(try await run("return fs.\(call)").error["kind"] != nil, "fs.\(call)")
        }
        #expect(try await run("return fs.write('work:file', 'x'), fs.read('work:file')") == [true, "x"])
        #expect(fixture.read("outside/secret") == "secret", "the link was replaced, not what it led to")
        #expect(!fixture.exists("outside/new"))
        let used = try await run("return fs.usage('work:').files")
        #expect(used == [4], "links count as what they are")
    }

    @Test("a link that replaces a directory between two steps leads nowhere")
    func race() async throws {
        fixture.makeTree()
        fixture.directory.write("secret", to: "outside/a")
        let place = try FilePlace("work:tree/a", in: fixture.roots)
        rename(fixture.path("work/tree"), fixture.path("work/moved"))
        symlink(fixture.path("outside"), fixture.path("work/tree"))
        #expect(throws: Fault.self) { try FileWork(place).read(limit: 100) }
        #expect(throws: Fault.self) { try FileWork(place).write([1]) }
        #expect(throws: Fault.self) { try TrashBox(root: place.root).take("00", place) }
        #expect(fixture.read("outside/a") == "secret")
    }

    @Test("what is only to be read is not changed")
    func readOnly() async throws {
        fixture.directory.write("x", to: "fixed/a")
        #expect(try await run("return fs.read('fixed:a')") == ["x"])
        for call in ["write('fixed:a', 'y')", "append('fixed:a', 'y')", "mkdir('fixed:b')", "remove('fixed:a')"] {
            let seen = try await run("return fs.\(call)")
            #expect(seen.kind == "denied", "fs.\(call)")
            #expect(seen.message?.hasSuffix("scripts may only read in fixed:") == true)
        }
        #expect(fixture.read("fixed/a") == "x")
    }

    @Test("failures say what failed, on what, and what to try")
    func failures() async throws {
        fixture.makeTree()
        mkfifo(fixture.path("work/pipe"), 0o644)
        let cases: [(String, String, String)] = [
            ("read('work:none')", "not_found", "open work:none: No such file or directory"),
            ("read('work:tree')", "invalid_input", "work:tree is no file"),
            ("read('work:pipe')", "invalid_input", "work:pipe is no file"),
            ("read('work:tree/a', { max = 2 })", "too_large", "work:tree/a is larger than 2"),
            ("write('work:tree', 'x')", "invalid_input", "work:tree is a directory"),
            ("write('work:', 'x')", "invalid_input", "work: is a root, not a file or directory in it"),
            ("write('work:no/such/x', 'x')", "not_found", "work:no/such/x: the directory work:no/such does not exist"),
            ("mkdir('work:tree/a/b')", "conflict", "work:tree/a is there and is no directory"),
            ("list('work:tree', { limit = 1 })", "too_large", "work:tree has more than 1 entries"),
            ("list('work:tree/a')", "not_found", "open work:tree/a: Not a directory"),
            ("read('wrok:a')", "not_found", "there is no root \"wrok:\""),
        ]
        for (call, kind, message) in cases {
            let seen = try await run("return fs.\(call)")
            #expect(seen.kind == kind, "fs.\(call)")
            #expect(seen.message == message, "fs.\(call)")
        }
        #expect(try await run("return fs.read('wrok:a')").error["hint"] == "did you mean \"work:\"?")
    }

    @Test("mistakes name the argument")
    func mistakes() async throws {
        let harness = try ModuleHarness(.fs(fixture.world))
        #expect(
            await harness.mistake("require('host.fs').read()")
                == "bad argument #1 'path' to 'host.fs.read' (text expected, got nothing)")
        #expect(
            await harness.mistake("require('host.fs').list('work:', { limit = 0 })")
                == "bad argument #2 'options' to 'host.fs.list': field 'limit' is 0; it must be from 1 to 10000")
    }
}
