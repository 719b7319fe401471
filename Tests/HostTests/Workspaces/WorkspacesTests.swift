import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("workspaces")
@Loop
struct WorkspacesTests {
    @Test(
        "a workspace is named by the hash of its user",
        arguments: [
            ("alice", "2bd806c97f0e00af"), ("57499aff-24a4-4b0e", "7031b58dafe49a55"),
            ("anonymous", "2f183a4e64493af3"),
            ("Bób Üser", "8a953a476faf6365"),
        ])
    func ids(user: String, id: String) { #expect(Workspace.id(of: user) == id) }

    @Test("it is made on first use, for this program's user alone, and found again")
    func first() async throws {
        let directory = TemporaryDirectory()
        let bed = try await WorkspacesBed.open(in: directory)
        let made = try await bed.workspace("alice")
        #expect(made.directory == "\(bed.root)/2bd806c97f0e00af" && mode(of: made.directory) == 0o700)
        #expect(try bed.json("openwebui.config", in: made)["openwebui_user"] == "alice")
        rmdirDeep(made.directory)
        #expect(try await bed.workspace("alice") == made && mode(of: made.directory) == 0o700, "made again when lost")
        #expect(try await bed.workspace("bob").directory != made.directory)
        await bed.close()
        let again = try await WorkspacesBed.open(in: directory)
        #expect(try await again.workspace("alice") == made)
        #expect(try await again.workspaces.list(limit: 10).map(\.workspace.user).sorted() == ["alice", "bob"])
        await again.close()
    }

    @Test("many first requests at once make one workspace")
    func together() async throws {
        let bed = try await WorkspacesBed.open()
        let scope = Scope("test") { _, error in Issue.record("\(error)") }
        let done = Mailbox<Workspace>("workspaces")
        for _ in 0..<20 { scope.spawn("one") { _ = done.send(try await bed.workspace("alice")) } }
        var found: Set<String> = []
        for _ in 0..<20 { found.insert(try await done.next()!.directory) }
        #expect(found.count == 1)
        await scope.close()
        await bed.close()
    }

    @Test("users without a name, or with one of any length, have no workspace", arguments: [0, 257, 100_000])
    func names(count: Int) async throws {
        let bed = try await WorkspacesBed.open()
        await #expect(throws: Fault.self) { try await bed.workspace(String(repeating: "x", count: count)) }
        await bed.close()
    }

    @Test("two users with one hash do not meet")
    func collision() async throws {
        let bed = try await WorkspacesBed.open()
        let id = Workspace.id(of: "alice")
        try await bed.store.write { try $0.run(WorkspacesQueries.add, id, "mallory", id, 0, 0) }
        let fault = await #expect(throws: Fault.self) { try await bed.workspace("alice") }
        #expect(fault?.kind == .conflict)
        await bed.close()
    }

    @Test("the last use is kept to the minute")
    func use() async throws {
        let bed = try await WorkspacesBed.open()
        let made = bed.moment
        let id = try await bed.workspace().id
        for (step, expected) in [(30_000, made), (40_000, made + 70_000)] as [(Int64, Int64)] {
            bed.moment += step
            _ = try await bed.workspace()
            try await bed.store.flush()
            #expect(try await bed.workspaces.get(id).record.lastUsedAt == expected)
        }
        await bed.close()
    }

    // MARK: no way out

    @Test("a link in a workspace's place is not followed", arguments: ["/etc", "../outside", "/nowhere"])
    func rootLinks(target: String) async throws {
        let bed = try await WorkspacesBed.open()
        mkdir("\(bed.directory.path)/outside", 0o700)
        symlink(target, "\(bed.root)/\(Workspace.id(of: "ann"))")
        let fault = await #expect(throws: Fault.self) { try await bed.workspace() }
        #expect(fault?.kind == .denied, "\(String(describing: fault))")
        #expect(access("\(bed.directory.path)/outside/openwebui.config", F_OK) != 0)
        await bed.close()
    }

    @Test("links inside lead nothing out: mirrors, configuration, imports")
    func innerLinks() async throws {
        let bed = try await WorkspacesBed.open()
        let workspace = try await bed.workspace()
        let outside = "\(bed.directory.path)/outside"
        mkdir(outside, 0o700)
        bed.directory.write(#"{"secret":"of somebody else"}"#, to: "outside/file.json")
        symlink(outside, "\(workspace.directory)/.open-persona")
        try await bed.workspaces.mirrorSessions(["c": "s"], of: workspace)
        #expect(access("\(outside)/openwebui-sessions.json", F_OK) != 0)
        symlink("\(outside)/file.json", "\(workspace.directory)/opencode.json")
        #expect(try await !bed.workspaces.configure(workspace, wanted: ["model": "m"]))
        #expect(try String(decoding: bytes(of: "\(outside)/file.json"), as: UTF8.self).contains("somebody else"))
        var status = stat()
        #expect(lstat("\(workspace.directory)/opencode.json", &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
        #expect(try bed.logged().contains("is a link") && !bed.logged().contains("somebody else"))
        await bed.close()
    }

    @Test("pipes and directories in a file's place stop nobody", arguments: [true, false])
    func strangeFiles(isPipe: Bool) async throws {
        let bed = try await WorkspacesBed.open()
        let workspace = try await bed.workspace()
        let path = "\(workspace.directory)/opencode.json"
        _ = isPipe ? mkfifo(path, 0o600) : mkdir(path, 0o700)
        #expect(try await !bed.workspaces.configure(workspace, wanted: ["model": "m"]))
        await bed.close()
    }

    @Test("names that are no names are refused", arguments: ["", ".", "..", "a/b", "/etc", "a\0b"])
    func folderNames(name: String) throws {
        let directory = TemporaryDirectory()
        let folder = try GuardedFolder.root(directory.path)
        var faults = 0
        do { _ = try folder.read(name, limit: 10) } catch { faults += 1 }
        do { try folder.write([], to: name) } catch { faults += 1 }
        do { _ = try folder.folder(name, creating: true) } catch { faults += 1 }
        #expect(faults == 3)
    }

    // MARK: the configuration

    @Test("the configuration is written once, merged with what a person changes, and cleaned of what is not wanted")
    func configure() async throws {
        let bed = try await WorkspacesBed.open()
        let workspace = try await bed.workspace()
        func configure(_ wanted: JSONObject) async throws -> Bool {
            try await bed.workspaces.configure(workspace, wanted: wanted)
        }
        #expect(try await configure(["model": "m", "agent": ["a": ["mode": "primary"]]]))
        #expect(try await !configure(["model": "m", "agent": ["a": ["mode": "primary"]]]), "the same is no change")
        bed.write(
            #"{"model":"mine","agent":{"a":{"mode":"primary"},"own":{}},"theme":"dark"}"#, "opencode.json",
            in: workspace)
        #expect(try await configure(["model": "n", "agent": ["b": ["mode": "primary"]]]))
        #expect(
            try bed.json("opencode.json", in: workspace)
                == ["model": "mine", "agent": ["own": [:], "b": ["mode": "primary"]], "theme": "dark"])
        #expect(try await bed.workspaces.configure(workspace, wanted: ["model": "n"], override: true))
        #expect(
            try bed.json("opencode.json", in: workspace) == ["model": "n", "agent": ["own": [:]], "theme": "dark"])
        #expect(try await !configure(["model": "n"]))
        await bed.close()
    }

    @Test("what was wanted is remembered over a restart, so that it still goes when it is not wanted any more")
    func remembered() async throws {
        let directory = TemporaryDirectory()
        let bed = try await WorkspacesBed.open(in: directory)
        let workspace = try await bed.workspace()
        _ = try await bed.workspaces.configure(workspace, wanted: ["mcp": ["notes": ["type": "remote"]]])
        await bed.close()
        let again = try await WorkspacesBed.open(in: directory)
        #expect(try await again.workspaces.configure(try await again.workspace(), wanted: ["share": "disabled"]))
        #expect(try again.json("opencode.json", in: workspace) == ["share": "disabled"])
        await again.close()
    }

    @Test("a file with comments stays as it is, byte for byte, and the log says so")
    func commented() async throws {
        let bed = try await WorkspacesBed.open()
        let workspace = try await bed.workspace()
        let text = "{\n  // mine\n  \"model\": \"x\"\n}\n"
        bed.write(text, "opencode.json", in: workspace)
        #expect(try await !bed.workspaces.configure(workspace, wanted: ["share": "disabled"], override: true))
        #expect(try bed.text("opencode.json", in: workspace) == text)
        #expect(try bed.logged().contains("has comments"))
        await bed.close()
    }

    @Test("opencode.jsonc is a person's: what it does not say goes beside it")
    func jsonc() async throws {
        let bed = try await WorkspacesBed.open()
        let workspace = try await bed.workspace()
        let text = "{ /* mine */ \"model\": \"x\", }"
        bed.write(text, "opencode.jsonc", in: workspace)
        #expect(try await bed.workspaces.configure(workspace, wanted: ["model": "m", "share": "disabled"]))
        #expect(try bed.text("opencode.jsonc", in: workspace) == text)
        #expect(try bed.json("opencode.json", in: workspace) == ["share": "disabled"])
        await bed.close()
    }

    @Test("of changes at once none is lost")
    func race() async throws {
        let bed = try await WorkspacesBed.open()
        let workspace = try await bed.workspace()
        let scope = Scope("test") { _, error in Issue.record("\(error)") }
        let done = Mailbox<Bool>("changes")
        for _ in 0..<10 {
            scope.spawn("one") { _ = done.send(try await bed.workspaces.configure(workspace, wanted: ["model": "m"])) }
        }
        var changes = 0
        for _ in 0..<10 where try await done.next()! { changes += 1 }
        #expect(changes == 1, "one wrote it, the others found it")
        await scope.close()
        await bed.close()
    }
}

private func rmdirDeep(_ path: String) {
    unlink("\(path)/openwebui.config")
    rmdir(path)
}
