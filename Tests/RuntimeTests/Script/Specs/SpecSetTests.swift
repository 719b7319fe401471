import Glibc
import TestSupport
import Testing

@testable import Runtime

@Suite("the specs that are run")
struct SpecSetTests {
    private let directory = TemporaryDirectory()

    private func sources(_ files: [String]) -> ScriptSources {
        for file in files {
            let parts = file.split(separator: "/").dropLast()
            for count in 0..<parts.count { mkdir("\(directory.path)/\(parts[...count].joined(separator: "/"))", 0o755) }
            directory.write("-- \(file)", to: file)
        }
        return ScriptSources(shipped: "\(directory.path)/shipped", overlay: "\(directory.path)/own")
    }

    @Test("both directories' specs, an owner's in the place of the shipped one")
    func both() {
        let set = SpecSet.read(
            sources([
                "shipped/hooks/a.lua", "shipped/hooks/a_spec.lua", "shipped/lib/in/b.lua", "shipped/lib/in/b_spec.lua",
                "own/hooks/a.lua", "own/hooks/a_spec.lua", "own/jobs/c_spec.lua",
            ]))
        #expect(set.specs.map(\.name) == ["hooks/a_spec.lua", "jobs/c_spec.lua", "lib/in/b_spec.lua"])
        #expect(set.specs.map(\.origin) == [.owner, .owner, .shipped])
        #expect(set.skipped == [])
    }

    @Test("a shipped spec says nothing about an owner's script, and is left out")
    func replaced() {
        let set = SpecSet.read(sources(["shipped/hooks/a.lua", "shipped/hooks/a_spec.lua", "own/hooks/a.lua"]))
        #expect(set.specs == [])
        #expect(set.skipped == ["hooks/a_spec.lua: your own hooks/a.lua is in force, and has no spec beside it"])
    }

    @Test(
        "words choose by script, spec, module or directory",
        arguments: [
            (["hooks/a.lua"], ["hooks/a_spec.lua"]), (["hooks/a_spec.lua"], ["hooks/a_spec.lua"]),
            (["hooks.a"], ["hooks/a_spec.lua"]), (["hooks/a"], ["hooks/a_spec.lua"]), (["b"], ["lib/b_spec.lua"]),
            (["hooks"], ["hooks/a_spec.lua"]),
            (["lib/", "hooks", "hooks.a"], ["lib/b_spec.lua", "hooks/a_spec.lua"]),
            ([], ["hooks/a_spec.lua", "lib/b_spec.lua"]),
        ])
    func words(words: [String], names: [String]) throws {
        var set = SpecSet()
        set.specs = ["hooks/a_spec.lua", "lib/b_spec.lua"].map { SpecFile(name: $0, origin: .shipped, text: []) }
        try set.keep(words)
        #expect(set.specs.map(\.name) == names)
    }

    @Test("a word that means no spec is a fault with the nearest one")
    func unknown() throws {
        var set = SpecSet()
        set.specs = [SpecFile(name: "hooks/identify_spec.lua", origin: .shipped, text: [])]
        #expect(
            performing: { try set.keep(["hooks/identfy.lua"]) },
            throws: { ($0 as? Fault)?.hint == "did you mean hooks/identify.lua?" })
        #expect(performing: { try set.keep(["x"]) }, throws: { ($0 as? Fault)?.kind == .notFound })
    }
}
