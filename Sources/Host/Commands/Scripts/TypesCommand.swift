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
        let chosen = arguments.words.first ?? settings.scriptSources.shipped
        guard let directory = chosen else {
            throw Fault(
                .notFound, "the shipped scripts were not found",
                hint: "name a directory, or set PERIGEE_HOME to where Perigee was installed")
        }
        let docs = arguments.options.contains("--docs") ? "\(directory)/../docs/lua.md" : nil
        let files = try Loop.result { GeneratedFile.all(in: directory, docs: docs) }
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
    static func all(in directory: String, docs: String?) -> [GeneratedFile] {
        let reference = ScriptReference(HostTable.makeBelieve())
        let stubs = StubText(reference).files.map {
            GeneratedFile(path: "\(directory)/types/\($0.path)", text: $0.text)
        }
        return stubs + (docs.map { [GeneratedFile(path: $0, text: ReferenceText(reference).text)] } ?? [])
    }

    var isCurrent: Bool {
        // What cannot be read is written anew, which says why when it cannot be.
        let present = try? TextFile.read(path)
        return present == text
    }

    func write() throws { try TextFile.write(text, to: path) }
}
