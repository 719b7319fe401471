import Runtime
import Testing

@testable import Host

/// Names that come from outside, before anything is done with them.
@Suite("names of repositories and worktrees")
struct RepoNamesTests {
    static let badParts = [
        "", ".", "..", "../x", "-rf", "--upload-pack=x", ".git", "a/b", "a b", "a\0b", "a\nb", "a..b", "a.lock", "a.",
        String(repeating: "a", count: 300), "аcme", "a＿b", "e\u{301}", "a\u{202e}b", "a:b", "a\\b", "~", "$HOME", "a*b",
    ]

    @Test("what could be a path, an option or something else is no name of a repository", arguments: badParts)
    func repositories(_ part: String) {
        for text in ["\(part)/app", "acme/\(part)"] {
            let fault = #expect(throws: Fault.self) { try RepoName(text) }
            #expect(fault?.kind == .invalidInput)
            #expect((fault?.message.utf8.count ?? 0) < 400)
            #expect(fault?.message.unicodeScalars.contains { $0.value < 32 } == false)
        }
        #expect(throws: Fault.self) { try RepoName("acme") }
        #expect(throws: Fault.self) { try RepoName("a/b/c") }
    }

    @Test("what could be a path, an option or something else is no id of a worktree", arguments: badParts)
    func worktrees(_ text: String) {
        let fault = #expect(throws: Fault.self) { try WorktreeID(text) }
        #expect(fault?.kind == .invalidInput)
    }

    @Test(
        "git's own rules hold for branches",
        arguments: [
            "", "-x", "a b", "a..b", "a~1", "a^", "a:b", "a?", "a*", "a[b", "a\\b", "/a", "a/", "a//b", ".a", "a/.b",
            "a.lock", "a/b.lock", "a.", "@", "a@{1}", "HEAD", "a\nb", "ä", String(repeating: "a", count: 201),
        ])
    func branches(_ text: String) { #expect(throws: Fault.self) { try BranchName(text) } }

    @Test("usual names pass, and stay what they are")
    func usual() throws {
        for text in ["acme/app", "Acme-2/app.js", "a_b/c__d", "a__b/c", "x/y-z_1"] {
            #expect(try RepoName(text).description == text)
        }
        #expect(try RepoName("acme/app.git").description == "acme/app")
        for text in ["main", "feature/x-1", "perigee/a__b", "v1.2"] { #expect(try BranchName(text).text == text) }
        #expect(try WorktreeID("3f2c-1a").branch == "perigee/3f2c-1a")
    }

    @Test("capitals make no other repository, and two that share a directory's name have another one ready")
    func folders() throws {
        #expect(try RepoName("Acme/App").id == RepoName("acme/app").id)
        let (one, other) = (try RepoName("a__b/c"), try RepoName("a/b__c"))
        #expect(one.folder == other.folder && one.otherFolder != other.otherFolder && one.id != other.id)
    }

    @Test("a chat's worktree is the same in every turn, and another for every user, chat and repository")
    func chats() throws {
        let (app, lib) = (try RepoName("acme/app"), try RepoName("acme/lib"))
        let id = WorktreeID(chat: "c1", of: "ann", on: app)
        #expect(id == WorktreeID(chat: "c1", of: "ann", on: try RepoName("ACME/app")))
        #expect(id != WorktreeID(chat: "c1", of: "bob", on: app))
        #expect(id != WorktreeID(chat: "c2", of: "ann", on: app))
        #expect(id != WorktreeID(chat: "c1", of: "ann", on: lib))
        // Neither of these two is the other with the border moved.
        #expect(WorktreeID(chat: "b", of: "a", on: app) != WorktreeID(chat: "", of: "ab", on: app))
        #expect(try WorktreeID(WorktreeID(chat: "../../x\0", of: "-rf", on: app).text).text.hasPrefix("chat-"))
    }

    @Test("a repository is wanted by model, header, body or what is attached, in this order")
    func wishes() {
        func wish(
            _ model: String, _ headers: Headers = [:], _ extra: JSONObject = [:], _ meta: JSONObject = [:]
        ) -> RepoWish? { RepoWish(model: model, headers: headers, extra: extra, meta: meta) }
        #expect(wish("open-persona/build@acme/app")?.repo == "acme/app")
        #expect(wish("open-persona/build@acme/app#next")?.branch == "next")
        #expect(wish("m", ["X-OpenPersona-Repo": "acme/lib"], ["repo": "x/y"])?.repo == "acme/lib")
        #expect(wish("m", [:], ["repo": "x/y", "branch": "b"], ["repo": "z/z"])?.branch == "b")
        #expect(wish("m", [:], [:], ["repo": "z/z"])?.repo == "z/z")
        #expect(wish("m") == nil && wish("@acme/app") == nil && wish("m@") == nil)
        #expect(RepoWish.split("open-persona/build@acme/app").model == "open-persona/build")
        #expect(throws: Fault.self) { try wish("m@../x")?.check() }
    }
}
