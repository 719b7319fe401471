import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

/// A server that wants a password, real git, and the program itself as git's helper.
@Suite("passwords for repositories", .serialized)
struct RepoCredentialTests {
    private static let token = "ghp_plantedsecrettokenplantedsecret0123"

    @Test("a token reaches the server and nothing else: no file, no address, no message")
    @Loop func token() async throws {
        try await RepoBed.with(["GITHUB_TOKEN": Self.token, "GITHUB_USER": "ann"], overHTTP: true) { bed in
            try await bed.origin("acme/app")
            bed.server.login = ("ann", Self.token)
            let name = try RepoName("acme/app")
            let login = try await bed.house.login(for: name, nil, isManager: true)
            _ = try await bed.repos.clone(name, login: login)
            let order = WorktreeOrder(
                repo: name, id: try WorktreeID("t"), workspace: try await bed.spaces.workspace("ann"))
            let tree = try await bed.worktrees.make(order, login: login, author: RepoBed.author).record
            bed.write("x", "x.txt", in: tree)
            _ = try await bed.worktrees.desk(tree).commit("x", by: RepoBed.author)
            _ = try await bed.push(tree, to: "perigee/t", login: login)
            #expect(
                try await RealGit.line(["rev-parse", "perigee/t"], in: "\(bed.server.root)/acme/app.git").count == 40)
            #expect(bed.server.asked.contains { $0.authorization.hasPrefix("Basic ") })
            #expect(!bed.server.asked.contains { $0.request.contains(Self.token) })
            // A helper that keeps passwords would have written this one.
            #expect(files(bed.directory.path, holding: Self.token).isEmpty)
        }
    }

    @Test("without a token, or with a wrong one, nothing is cloned, and the message says what to do")
    @Loop func refused() async throws {
        try await RepoBed.with(["GITHUB_TOKEN": "ghp_wrongwrongwrong"], overHTTP: true) { bed in
            try await bed.origin("acme/app")
            bed.server.login = ("x-access-token", Self.token)
            let name = try RepoName("acme/app")
            let wrong = try await bed.house.login(for: name, nil, isManager: true)
            for login in [nil, wrong] {
                let fault = await #expect(throws: Fault.self) { try await bed.repos.clone(name, login: login) }
                #expect(fault?.kind == .unauthenticated, "\(String(describing: fault))")
                #expect(fault?.hint?.contains("GITHUB_TOKEN") == true)
                #expect(fault?.description.contains("ghp_wrong") == false)
            }
            #expect(try await bed.repos.list().isEmpty)
        }
    }

    @Test("a user's own token comes first, and the owner's is only for managers unless it is shared")
    @Loop func whose() async throws {
        for (setting, expected) in [("managers", nil), ("all", "owner-token")] as [(String, String?)] {
            try await RepoBed.with(["GITHUB_TOKEN": "owner-token", "PERIGEE_GITHUB_TOKEN_FOR": setting]) { bed in
                let ann = try await bed.spaces.workspace("ann")
                #expect(try await bed.house.token(of: ann, isManager: false)?.reveal() == expected)
                #expect(try await bed.house.token(of: ann, isManager: true)?.reveal() == "owner-token")
                try await bed.spaces.workspaces.setIntegrationKeys(
                    [IntegrationKey("GITHUB_TOKEN")!: Secret("anns-token")], of: ann)
                #expect(try await bed.house.token(of: ann, isManager: false)?.reveal() == "anns-token")
            }
        }
    }

    @Test("who may not read a repository gets no worktree of it, although it is in the cache")
    @Loop func access() async throws {
        try await RepoBed.with(["GITHUB_TOKEN": Self.token], overHTTP: true) { bed in
            try await bed.origin("acme/app")
            bed.server.login = ("x-access-token", Self.token)
            let name = try RepoName("acme/app")
            _ = try await bed.repos.clone(name, login: bed.house.login(for: name, nil, isManager: true))
            let bob = try await bed.spaces.workspace("bob")
            let login = try await bed.house.login(for: name, bob, isManager: false)
            let order = WorktreeOrder(repo: name, id: try WorktreeID("t"), workspace: bob)
            let fault = await #expect(throws: Fault.self) {
                try await bed.worktrees.make(order, login: login, author: RepoBed.author)
            }
            #expect(fault?.kind == .unauthenticated, "\(String(describing: fault))")
            #expect(Glibc.access("\(bob.directory)/worktrees", F_OK) != 0)
        }
    }

    @Test("the helper gives nothing to who has no token of a run, or asks for another repository")
    @Loop func helper() async throws {
        try await RepoBed.with { bed in
            let question = Array("protocol=http\nhost=127.0.0.1:1\npath=acme/app.git\n\n".utf8)
            let socket = "\(bed.projects)/git/s"
            #expect(try await CredentialDesk.ask(question, socket: socket, token: "guess").isEmpty)
            #expect(try await CredentialDesk.ask(question, socket: socket, token: "").isEmpty)
            let result = try await Program.run(
                ["git-credential", "get"], input: String(decoding: question, as: UTF8.self))
            #expect(result.code == 0 && result.output.isEmpty)
            var status = stat()
            #expect(stat(socket, &status) == 0 && status.st_mode & 0o077 == 0)
        }
    }

    private func files(_ path: String, holding text: String) -> [String] {
        var status = stat()
        guard lstat(path, &status) == 0 else { return [] }
        if status.st_mode & S_IFMT == S_IFDIR {
            // What cannot be listed holds nothing.
            return ((try? RepoPlaces.names(path)) ?? []).flatMap { files("\(path)/\($0)", holding: text) }
        }
        guard status.st_mode & S_IFMT == S_IFREG, status.st_size < 1 << 20 else { return [] }
        // As above.
        let bytes = (try? FileBytes.read(path)) ?? []
        return bytes.split(separator: 10).contains { String(decoding: $0, as: UTF8.self).contains(text) } ? [path] : []
    }
}
