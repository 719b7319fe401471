import Glibc
import Runtime
import TestSupport
import Testing

/// The README is a promise: what it tells people to type is typed here.
@Suite("README")
@Loop
struct ReadmeTests {
    @Test("every curl of the README answers with success")
    func curls() async throws {
        let state = TemporaryDirectory()
        let program = try await RunningProgram.start(state: state.path)
        let commands = try Self.commands().filter { $0.hasPrefix("curl ") }
        #expect(commands.count >= 3)
        for command in commands {
            let words = Self.words(command).map {
                $0.replacing("127.0.0.1:8000", with: "127.0.0.1:\(program.port)")
            }
            let result = try await Subprocess.run(["curl", "-fsS"] + words.dropFirst())
            #expect(result.exitCode == 0, "\(command): \(result.errorText)")
            #expect(!result.output.isEmpty, "\(command)")
        }
        try await program.end()
    }

    @Test("every make target of the README and of CONTRIBUTING is in the Makefile")
    func targets() throws {
        let makefile = try Fixture.read("Makefile")
        let prose = try Fixture.read("README.md") + Fixture.read("CONTRIBUTING.md")
        let targets = Set(prose.matches(of: /make (run|test|lint|bench|fuzz|build|format|docs)\b/).map { String($0.1) })
        #expect(targets.count >= 4)
        for target in targets { #expect(makefile.contains("\n\(target):"), "make \(target)") }
    }

    @Test("every file that the documents link to is there")
    func links() throws {
        for page in ["README.md", "docs/architecture.md"] {
            let folder = page.hasPrefix("docs/") ? "docs/" : ""
            for match in try Fixture.read(page).matches(of: /\]\(([^)#:]+)\)/) {
                _ = try Fixture.read(folder + String(match.1))
            }
        }
    }

    /// The commands of the fenced blocks, without their comments.
    private static func commands() throws -> [String] {
        let blocks = try Fixture.read("README.md").split(separator: "```sh\n").dropFirst()
        return blocks.flatMap { block in
            block.prefix { $0 != "`" }.replacing("\\\n", with: " ").split(separator: "\n").map { line in
                String(line.prefix { $0 != "#" }).trimmingTrailingSpaces
            }
        }
    }

    /// As a shell reads them: blanks part words, but not between single quotes.
    private static func words(_ line: String) -> [String] {
        line.split(separator: "'", omittingEmptySubsequences: false).enumerated().flatMap { index, piece in
            index % 2 == 1 ? [String(piece)] : piece.split(separator: " ").map(String.init)
        }
    }
}

extension String {
    fileprivate var trimmingTrailingSpaces: String {
        String(reversed().drop { $0 == " " }.reversed())
    }
}
