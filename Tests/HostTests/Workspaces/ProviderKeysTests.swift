import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("provider keys")
@Loop
struct ProviderKeysTests {
    private static func keys(_ openai: String, _ anthropic: String, _ openrouter: String) -> ProviderKeys {
        var keys = ProviderKeys()
        for (provider, text) in [Provider.openai: openai, .anthropic: anthropic, .openrouter: openrouter]
        where !text.isEmpty {
            keys[provider] = Secret(text)
        }
        return keys
    }

    @Test(
        "the signature is what runners have been named by",
        arguments: [
            ("", "", "", "135cdc2f"), ("sk-a", "", "", "09cbdace"), ("", "sk-ant-b", "", "fa73d329"),
            ("sk-a", "sk-ant-b", "sk-or-c", "278abef1"), (#"q"u\o/te"#, "", "", "19fdaa09"),
            ("k v", "", "x", "7aa80b00"),
        ])
    func signature(openai: String, anthropic: String, openrouter: String, expected: String) {
        #expect(Self.keys(openai, anthropic, openrouter).signature == expected)
    }

    @Test(
        "line breaks and blanks around a key are dropped, other strange bytes refused",
        arguments: [
            ("sk-a", "sk-a"), (" sk-a\r\n", "sk-a"), ("sk\r\n-a", "sk-a"), ("", ""), ("\n", ""), ("sk\ta", nil),
            ("sk-ä", nil),
            ("sk\0", nil), (String(repeating: "k", count: 4096), String(repeating: "k", count: 4096)),
            (String(repeating: "k", count: 4097), nil),
        ] as [(String, String?)])
    func cleaned(text: String, key: String?) { #expect(Provider.cleaned(text) == key) }

    @Test("a request's headers set, forget and leave keys")
    func headers() throws {
        let changes = try ProviderKeys.changes(in: [
            "X-OpenPersona-OpenAI-Api-Key": "sk-a", "x-openpersona-anthropic-api-key": "", "X-Other": "1",
        ])
        #expect(changes.count == 2 && changes[.openai] == .some(Secret("sk-a")) && changes[.anthropic] == .some(nil))
        let long = Headers([("x-openpersona-openrouter-api-key", "sk-\u{e9}")])
        let fault = #expect(throws: Fault.self) { try ProviderKeys.changes(in: long) }
        #expect(fault?.message.contains("x-openpersona-openrouter-api-key") == true)
        #expect(fault?.description.contains("sk-") == false)
    }

    @Test("keys are kept sealed, replaced, forgotten, and filled up from the defaults")
    func life() async throws {
        let directory = TemporaryDirectory()
        let defaults = Self.keys("", "sk-default-anthropic", "")
        let bed = try await WorkspacesBed.open(in: directory, defaults: defaults)
        let plain = try await bed.workspace()
        #expect(
            plain.keyNames == ["anthropic"] && plain.keySignature == Self.keys("", "sk-default-anthropic", "").signature
        )
        let set = try await bed.workspaces.setKeys(
            [.openai: Secret("sk-planted-openai"), .anthropic: Secret("sk-own-anthropic")], of: plain)
        #expect(set.keyNames == ["openai", "anthropic"])
        #expect(set.keySignature == Self.keys("sk-planted-openai", "sk-own-anthropic", "").signature)
        #expect(try await bed.workspace() == set)
        #expect(try await bed.workspaces.keys(of: set)["openai"] == Secret("sk-planted-openai"))
        #expect(
            try await bed.workspaces.keys(of: bed.workspace("bob")) == ["anthropic": Secret("sk-default-anthropic")])
        await bed.close()

        let again = try await WorkspacesBed.open(in: directory, defaults: defaults)
        #expect(try await again.workspace() == set, "over a restart")
        #expect(try await again.workspaces.setKeys([:], of: set) == set)
        let less = try await again.workspaces.setKeys([.anthropic: nil, .openrouter: nil], of: set)
        #expect(try await again.workspaces.keys(of: less)["anthropic"] == Secret("sk-default-anthropic"))
        #expect(less.keySignature == Self.keys("sk-planted-openai", "sk-default-anthropic", "").signature)
        await again.close()
        for secret in ["sk-planted-openai", "sk-own-anthropic", "sk-default-anthropic"] {
            #expect(try files(below: directory.path, holding: secret).isEmpty)
        }
    }

    @Test("a sealed key opens in no other place, and with no other encryption key")
    func bound() async throws {
        let directory = TemporaryDirectory()
        let bed = try await WorkspacesBed.open(in: directory)
        let ann = try await bed.workspaces.setKeys([.openai: Secret("sk-of-ann")], of: bed.workspace("ann"))
        let (from, to) = (ann.id, Workspace.id(of: "mallory"))
        try await bed.store.write { store in
            try store.run(WorkspacesQueries.add, to, "mallory", to, 0, 0)
            let sealed = try store.one(WorkspacesQueries.keys, from)
            try store.run(WorkspacesQueries.setKey, to, "openai", sealed.1, 0)
        }
        await #expect(throws: Fault.self) { try await bed.workspace("mallory") }
        await bed.close()
        let other = try await WorkspacesBed.open(in: directory, key: .random())
        await #expect(throws: Fault.self) { try await other.workspace("ann") }
        await other.close()
    }

    @Test("an agent's configuration refers to keys, by its environment or by files outside of the workspace")
    func references() async throws {
        let bed = try await WorkspacesBed.open()
        let workspace = try await bed.workspaces.setKeys(
            [.openai: Secret("sk-planted-openai"), .openrouter: Secret("sk-planted-router")], of: bed.workspace())
        let inEnvironment = try await bed.workspaces.keyReferences(of: workspace, by: .environment)
        #expect(inEnvironment["provider"]?["openai"]?["options"]?["apiKey"] == "{env:OPENAI_API_KEY}")
        #expect(inEnvironment["provider"]?["anthropic"] == nil)
        let inFiles = try await bed.workspaces.keyReferences(of: workspace, by: .files)
        let file = "\(bed.directory.path)/keys/\(workspace.id)/openai"
        #expect(inFiles["provider"]?["openai"]?["options"]?["apiKey"] == .string("{file:\(file)}"))
        #expect(try bytes(of: file) == Array("sk-planted-openai".utf8) && mode(of: file) == 0o600)
        #expect(mode(of: "\(bed.directory.path)/keys/\(workspace.id)") == 0o700)
        #expect(try await bed.workspaces.configure(workspace, wanted: inFiles))
        #expect(try files(below: workspace.directory, holding: "sk-planted").isEmpty)

        let less = try await bed.workspaces.setKeys([.openai: nil], of: workspace)
        _ = try await bed.workspaces.keyReferences(of: less, by: .files)
        #expect(throws: Fault.self) { try bytes(of: file) }
        await bed.close()
    }

    @Test("a key never gets into a workspace's files or into the log")
    func planted() async throws {
        let bed = try await WorkspacesBed.open()
        let workspace = try await bed.workspaces.setKeys([.openai: Secret("sk-planted-openai")], of: bed.workspace())
        let wanted: JSONObject = ["provider": ["openai": ["options": ["apiKey": "sk-planted-openai"]]]]
        let fault = await #expect(throws: Fault.self) {
            try await bed.workspaces.configure(workspace, wanted: wanted, override: true)
        }
        #expect(fault?.hint?.contains("{env:OPENAI_API_KEY}") == true)
        #expect(fault?.description.contains("sk-planted") == false)
        #expect(!"\(workspace) \(try await bed.workspaces.keys(of: workspace))".contains("sk-planted"))
        _ = try bed.logged()
        #expect(try files(below: bed.directory.path, holding: "sk-planted").isEmpty)
        await bed.close()
    }
}
