import Glibc
import TestSupport
import Testing

@testable import Runtime

@Suite("files that look like scripts and are none")
struct StrayScriptsTests {
    @Test(
        "each is told with what to do about it",
        arguments: [
            ("identify.lua", "is never loaded: it lies in no directory of scripts", "put it into one of personas/"),
            ("hook/a.lua", "is never loaded: hook/ is no directory of scripts", "did you mean hooks/?"),
            ("other/a.lua", "is never loaded: other/ is no directory of scripts", "scripts lie in personas/, hooks/"),
            ("hooks/deep/a.lua", "is never loaded: it lies too deep", "or to lib/"),
            ("lib/a/b/c/d/e/f.lua", "is never loaded: it lies too deep", "four levels are enough"),
            ("hooks/a.Lua", "is never loaded: it does not end in .lua", "did you mean a.lua?"),
            ("gc/trash.luau", "is never loaded: it does not end in .lua", "did you mean trash.lua?"),
            ("hooks/my hook.lua", "is never loaded: names of scripts have only", "my_hook.lua would do"),
            ("hooks/a.spec.lua", "is never run", "did you mean a_spec.lua?"),
            ("hooks/lone_spec.lua", "is the spec of lone.lua, which is not beside it", ""),
        ])
    func strays(name: String, message: String, hint: String) {
        let found = find([name])
        #expect(found.map(\.script) == [name])
        #expect(found.first?.message.hasPrefix(message) == true, "\(found)")
        #expect(found.first?.hint?.contains(hint) == true || hint.isEmpty, "\(found)")
    }

    @Test("a spec whose script has nearly the same name is told which")
    func spec() {
        let found = find(["gc/trash.lua", "gc/trsh_spec.lua"])
        #expect(found.map(\.script) == ["gc/trsh_spec.lua"])
        #expect(found.first?.hint == "did you mean trash_spec.lua?")
    }

    @Test("what is in its place, an editor's, or meant for people says nothing")
    func quiet() {
        let names = [
            "hooks/a.lua", "hooks/a_spec.lua", "lib/a/b/c.lua", "types/host.lua", "README.md", "hooks/README.md",
            "hooks/.a.lua.swp", "hooks/a.lua~", "hooks/#a.lua#", "notes/plan.txt", ".luarc.json", ".git/x.lua",
            "hooks/a.lua.bak",
        ]
        #expect(find(names) == [])
        #expect(StrayScripts.find(in: "/nonexistent") == [])
    }

    private func find(_ names: [String]) -> [ScriptProblem] {
        let directory = TemporaryDirectory()
        for name in names {
            let parts = name.split(separator: "/").dropLast()
            for count in 0..<parts.count { mkdir("\(directory.path)/\(parts[...count].joined(separator: "/"))", 0o755) }
            directory.write("", to: name)
        }
        return withExtendedLifetime(directory) { StrayScripts.find(in: directory.path) }
    }
}
