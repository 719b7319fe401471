import Glibc
import Runtime

extension Command {
    static let types = Command(
        name: "types", summary: "Writes what lets editors complete and check scripts.",
        usage: "perigee types [DIRECTORY] [--docs] [--check]",
        details: """
              DIRECTORY   a directory of scripts; the shipped one unless given. Stubs go into types/ in it
              --docs      ../docs/lua.md of it as well
              --check     writes nothing; ends with code 1 when a file is not what would be written

            The stubs are LuaCATS annotations for lua-language-server, made from the tables that check calls and scripts.
            """
    ) { arguments in
        try arguments.expect(options: ["--docs", "--check"], words: 0...1)
        let settings = try Settings.ofProcess(commandLine: arguments.settings)
        let chosen = arguments.words.first ?? ScriptHome.shipped(settings)
        guard let directory = chosen else {
            throw Fault(
                .notFound, "the shipped scripts were not found",
                hint: "name a directory, or set PERIGEE_HOME to where Perigee was installed")
        }
        var files = try Loop.result { try GeneratedFile.stubs(in: "\(directory)/types") }
        if arguments.options.contains("--docs") {
            files.append(try Loop.result { try GeneratedFile.docs(at: "\(directory)/../docs/lua.md") })
        }
        let stale = files.filter { !$0.isCurrent }
        if arguments.options.contains("--check") {
            for file in stale { Terminal.print("\(file.path) is not what `perigee types` would write\n") }
            return stale.isEmpty ? 0 : 1
        }
        for file in stale {
            try file.write()
            Terminal.print("\(file.path)\n")
        }
        return 0
    }
}

/// A file that is made from the host's tables.
struct GeneratedFile: Sendable, Equatable {
    let path: String
    let text: String

    @Loop
    static func stubs(in directory: String) throws -> [GeneratedFile] {
        StubText(try reference()).files.map { GeneratedFile(path: "\(directory)/\($0.path)", text: $0.text) }
    }

    @Loop
    static func docs(at path: String) throws -> GeneratedFile {
        GeneratedFile(path: path, text: ReferenceText(try reference()).text)
    }

    @Loop
    private static func reference() throws -> ScriptReference {
        ScriptReference(HostTable.standard(World.makeBelieve))
    }

    var isCurrent: Bool {
        // What cannot be read is written anew, which says why when it cannot be.
        let present = try? TextFile.read(path)
        return present == text
    }

    func write() throws { try TextFile.write(text, to: path) }
}
