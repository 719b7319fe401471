import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("what older installations left")
@Loop
struct FormerFilesTests {
    private static func folder(_ user: String) -> String { "root/\(Workspace.id(of: user))" }

    @Test("sessions and personas are taken over once, with the workspace's first use")
    func once() async throws {
        let directory = TemporaryDirectory()
        let ann = Self.folder("ann")
        mkdir("\(directory.path)/root", 0o700)
        directory.write(#"{"chat-1":"ses_1","chat-2":"ses_2"}"#, to: "\(ann)/.open-persona/openwebui-sessions.json")
        directory.write(
            #"{"version":1,"personas":{"izzy":{"originalModelId":"izzy","systemPrompt":"You are.","features":{}}}}"#,
            to: "\(ann)/.open-persona/personas.json")
        let bed = try await WorkspacesBed.open(in: directory)
        let workspace = try await bed.workspace()
        #expect(try await bed.workspaces.formerSessions(of: workspace) == ["chat-1": "ses_1", "chat-2": "ses_2"])
        #expect(try await bed.workspaces.formerPersonas(of: workspace)["izzy"]?["systemPrompt"] == "You are.")
        directory.write(#"{"chat-9":"ses_of_somebody"}"#, to: "\(ann)/.open-persona/openwebui-sessions.json")
        await bed.close()
        let again = try await WorkspacesBed.open(in: directory)
        _ = try await again.workspace()
        #expect(try await again.workspaces.formerSessions(of: workspace).count == 2, "later files prove nothing")
        await again.close()
    }

    @Test(
        "damaged files count as empty and stop nobody",
        arguments: [
            "", "{", "[]", "null", #"{"a":1}"#, #"{"version":2,"personas":{"x":{}}}"#, #"{"version":1,"personas":[]}"#,
            #"{"version":1,"personas":{"x":7}}"#, #"{"":"s"}"#, #"{"c":""}"#, #"{"c":{"s":1}}"#, "\u{0}\u{1}",
            String(repeating: "[", count: 5000),
        ])
    func damaged(text: String) async throws {
        let directory = TemporaryDirectory()
        mkdir("\(directory.path)/root", 0o700)
        for name in [".open-persona/openwebui-sessions.json", ".open-persona/personas.json", "openwebui.config"] {
            directory.write(text, to: "\(Self.folder("ann"))/\(name)")
        }
        let bed = try await WorkspacesBed.open(in: directory)
        let workspace = try await bed.workspace()
        #expect(try await bed.workspaces.formerSessions(of: workspace).isEmpty)
        #expect(try await bed.workspaces.formerPersonas(of: workspace).isEmpty)
        #expect(try bed.json("openwebui.config", in: workspace)["openwebui_user"] == "ann", "it says what is so again")
        await bed.close()
    }

    @Test("files that are too large, or links, are left alone")
    func refused() async throws {
        let directory = TemporaryDirectory()
        mkdir("\(directory.path)/root", 0o700)
        directory.write(#"{"c":"ses_of_bob"}"#, to: "bob.json")
        directory.write("x", to: "\(Self.folder("ann"))/.open-persona/personas.json")
        symlink(
            "\(directory.path)/bob.json",
            "\(directory.path)/\(Self.folder("ann"))/.open-persona/openwebui-sessions.json")
        let bed = try await WorkspacesBed.open(in: directory)
        let workspace = try await bed.workspace()
        #expect(try await bed.workspaces.formerSessions(of: workspace).isEmpty)
        #expect(try bed.logged().contains("left alone"))
        await bed.close()
    }

    @Test("a directory under another name keeps it when its file names the user, once, and only then")
    func owners() async throws {
        let directory = TemporaryDirectory()
        mkdir("\(directory.path)/root", 0o700)
        directory.write(#"{"openwebui_user":"ann","updatedAt":"x"}"#, to: "root/old-name/openwebui.config")
        // Two that name one user, one that names a user with a directory of their own, and one that names itself.
        for name in ["twin-1", "twin-2"] {
            directory.write(#"{"openwebui_user":"bob"}"#, to: "root/\(name)/openwebui.config")
        }
        directory.write(#"{"openwebui_user":"carl"}"#, to: "root/fake/openwebui.config")
        directory.write("{}", to: "\(Self.folder("carl"))/notes.txt")
        directory.write(#"{"openwebui_user":"dora"}"#, to: "\(Self.folder("dora"))/openwebui.config")
        symlink("/etc", "\(directory.path)/root/link")
        let bed = try await WorkspacesBed.open(in: directory)
        #expect(try await bed.workspace("ann").directory == "\(bed.root)/old-name")
        for user in ["bob", "carl", "dora"] {
            #expect(try await bed.workspace(user).directory == "\(directory.path)/\(Self.folder(user))")
        }
        await bed.close()

        // An agent writes what it likes into its own workspace; nobody is led there by it.
        directory.write(#"{"openwebui_user":"victim"}"#, to: "root/evil/openwebui.config")
        let again = try await WorkspacesBed.open(in: directory)
        #expect(try await again.workspace("victim").directory == "\(directory.path)/\(Self.folder("victim"))")
        #expect(try await again.workspace("ann").directory == "\(again.root)/old-name", "as it was taken over")
        await again.close()
    }

    @Test("mirrors say what the store says, in the form that was")
    func mirrors() async throws {
        let bed = try await WorkspacesBed.open()
        let workspace = try await bed.workspace()
        try await bed.workspaces.mirrorSessions(["b": "2", "a": "1"], of: workspace)
        try await bed.workspaces.mirrorPersonas(["izzy": ["originalModelId": "izzy"]], of: workspace)
        let sessions = try bed.text(".open-persona/openwebui-sessions.json", in: workspace)
        #expect(FormerFiles.sessions(Array(sessions.utf8)) == ["a": "1", "b": "2"])
        let personas = try bed.json(".open-persona/personas.json", in: workspace)
        #expect(personas["version"] == 1 && personas["personas"]?["izzy"]?["originalModelId"] == "izzy")
        var before = stat()
        stat("\(workspace.directory)/.open-persona/personas.json", &before)
        try await bed.workspaces.mirrorPersonas(["izzy": ["originalModelId": "izzy"]], of: workspace)
        var after = stat()
        stat("\(workspace.directory)/.open-persona/personas.json", &after)
        #expect(before.st_ino == after.st_ino, "the same is not written again")
        await bed.close()
    }
}
