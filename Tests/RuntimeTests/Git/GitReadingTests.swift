import Testing

@testable import Runtime

/// What git prints, read without any git.
@Suite("git's words")
struct GitReadingTests {
    private func bytes(_ fields: [String]) -> [UInt8] { fields.flatMap { Array($0.utf8) + [0] } }

    @Test("a status tells staged, changed, new and moved files apart, blanks in their names included")
    func status() throws {
        let status = try GitStatus(
            bytes([
                "# branch.oid 1111111111111111111111111111111111111111", "# branch.head perigee/a b",
                "# branch.upstream origin/main", "# branch.ab +2 -1",
                "1 M. N... 100644 100644 100644 aaa bbb staged one.txt", "1 .M N... 100644 100644 100644 aaa bbb x",
                "2 R. N... 100644 100644 100644 aaa bbb R100 new name", "old name",
                "u UU N... 100644 100644 100644 100644 a b c both.txt", "? new\nline.txt", "! ignored",
            ]))
        #expect(status.head == String(repeating: "1", count: 40))
        #expect(status.branch == "perigee/a b" && status.upstream == "origin/main")
        #expect(status.ahead == 2 && status.behind == 1)
        #expect(status.entries.map(\.path) == ["staged one.txt", "x", "new name"])
        #expect(status.entries[2].from == "old name")
        #expect(status.untracked == ["new\nline.txt"] && status.conflicts == ["both.txt"])
        #expect(status.stagedCount == 2 && status.changedCount == 3 && !status.isClean)
        #expect(status.paths == ["staged one.txt", "x", "new name", "old name", "new\nline.txt", "both.txt"])
    }

    @Test("a repository without commits, and a detached one, have neither head nor branch")
    func unborn() throws {
        let status = try GitStatus(bytes(["# branch.oid (initial)", "# branch.head (detached)"]))
        #expect(status.head == nil && status.branch == nil && status.isClean)
        #expect(try GitStatus([]).isClean)
    }

    @Test(
        "a torn status is an error, and never a clean one",
        arguments: ["1 M. N...", "1 M", "2 R. N... 100644 100644 100644 a b R100 only-one", "u UU"])
    func torn(_ line: String) { #expect(throws: Fault.self) { try GitStatus(bytes([line])) } }

    @Test("progress is read from the lines that git overwrites, and everything else is kept as words")
    func progress() {
        var reader = GitProgressReader()
        let text =
            "Cloning into bare repository 'x'...\nremote: Counting objects:  50% (1/2)\rremote: Counting objects: 100% (2/2), done.\n"
        let first = reader.read(Array(text.utf8))
        #expect(first.map(\.percent) == [50, 100] && first.allSatisfy { $0.phase == "Counting objects" })
        // In pieces, as pipes give it.
        var found: [GitProgress] = []
        for byte in Array("Receiving objects:  42% (420/1000), 1.2 MiB | 3 MiB/s\r".utf8) {
            found += reader.read([byte])
        }
        #expect(found.map(\.phase) == ["Receiving objects"] && found.first?.done == 420)
        _ = reader.read(Array("fatal: no".utf8))
        #expect(reader.words == "Cloning into bare repository 'x'...\nfatal: no")
    }

    @Test(
        "what only looks like progress is none",
        arguments: ["x: 101% (1/1)", "x: 5% (7/3)", "5% (1/2)", "x: % (1/2)", "a: 5% )1/2(", ""])
    func noProgress(_ line: String) { #expect(GitProgress(line[...]) == nil) }

    @Test("words without end are cut")
    func endless() {
        var reader = GitProgressReader()
        for _ in 0..<100 { _ = reader.read([UInt8](repeating: 97, count: 10_000)) }
        for _ in 0..<1000 { _ = reader.read(Array("line\n".utf8)) }
        #expect(reader.words.utf8.count < 20_000)
    }

    @Test("the files of a diff have their counts, binary ones none, and moved ones both names")
    func numstat() {
        let files = GitDiff.files(bytes(["1\t2\ta b.txt", "-\t-\timage.png", "0\t0\t", "old", "new"]))
        #expect(files.map(\.path) == ["a b.txt", "image.png", "new"])
        #expect(files[0].added == 1 && files[0].removed == 2 && files[1].added == nil && files[2].from == "old")
    }

    @Test("worktrees are listed with what git says of each")
    func worktrees() {
        let trees = GitWorktree.list(
            bytes([
                "worktree /a", "bare", "worktree /b c", "HEAD 11", "branch refs/heads/perigee/x", "locked by hand",
                "prunable gitdir file points to non-existent location",
            ]))
        #expect(trees.count == 2 && trees[0].isBare && trees[1].path == "/b c")
        #expect(trees[1].branch == "perigee/x" && trees[1].lock == "by hand" && trees[1].prunable != nil)
    }

    @Test(
        "failures are told apart by git's words",
        arguments: [
            ("fatal: Authentication failed for 'https://x/'", Fault.Kind.unauthenticated),
            ("fatal: could not read Username for 'https://x': terminal prompts disabled", .unauthenticated),
            ("remote: Repository not found.\nfatal: repository 'https://x/' not found", .notFound),
            ("fatal: transport 'file' not allowed", .denied),
            (" ! [rejected]        main -> main (fetch first)\nerror: failed to push some refs", .conflict),
            ("fatal: unable to access 'https://x/': Could not resolve host: x", .unavailable),
            ("error: file write error: No space left on device", .overBudget),
            ("error: object file objects/aa/bb is empty", .internal), ("something else", .internal),
        ])
    func faults(_ words: String, _ kind: Fault.Kind) {
        let fault = GitFaults.fault(GitCall(["fetch"]), GitOutput(128, [], words, lost: 0))
        #expect(fault.kind == kind, "\(fault)")
        #expect(fault.message.hasPrefix("git fetch: "))
    }

    @Test("no password in an address reaches a message")
    func clean() {
        let words = "fatal: unable to access 'https://ann:s3cretword@example.com/a/b.git/': no"
        let fault = GitFaults.fault(GitCall(["fetch"]), GitOutput(128, [], words, lost: 0))
        #expect(!fault.message.contains("s3cretword"), "\(fault.message)")
    }

    @Test("a question for a password is answered for this very repository and no other")
    func credentials() throws {
        let login = try #require(
            GitLogin(for: "https://example.com:8443/acme/app.git", user: "u", password: Secret("p")))
        func asks(_ text: String) -> Bool { login.answers(CredentialRequest(Array(text.utf8))) }
        #expect(asks("protocol=https\nhost=example.com:8443\npath=acme/app.git\n\n"))
        #expect(asks("protocol=https\nhost=example.com:8443\npath=acme/app\n"))
        #expect(!asks("protocol=https\nhost=example.com:8443\npath=acme/other.git\n"))
        #expect(!asks("protocol=https\nhost=example.com:8443\n"))
        #expect(!asks("protocol=https\nhost=example.com\npath=acme/app.git\n"))
        #expect(!asks("protocol=http\nhost=example.com:8443\npath=acme/app.git\n"))
        #expect(GitLogin(for: "ssh://git@example.com/a/b", user: "u", password: Secret("p")) == nil)
        let torn = GitLogin(for: "https://example.com/a/b", user: "u\nhost=evil", password: Secret("p"))!
        #expect(CredentialRequest.answer(torn) == nil)
        #expect(CredentialRequest.answer(login) == Array("username=u\npassword=p\n".utf8))
    }

    @Test("an author's name can end no line and no address")
    func author() {
        let author = GitAuthor(name: "A <x>\nB", email: "a@b\u{0}")
        #expect(author.name == "A xB" && author.email == "a@b")
    }
}
