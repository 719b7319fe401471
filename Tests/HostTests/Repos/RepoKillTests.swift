import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

/// Perigee is killed in the middle of git's work; the next start finds either nothing or all of it.
@Suite("a kill in the middle of git's work", .serialized)
struct RepoKillTests {
    /// A git that does its work, says that it has come so far, and then goes no further until a pipe is written to.
    @Loop
    private func slowGit(_ bed: ManageBed, at words: String) -> String {
        mkfifo("\(bed.state.path)/reached", 0o600)
        mkfifo("\(bed.state.path)/held", 0o600)
        bed.state.write(
            """
            #!/bin/sh
            git "$@" || exit $?
            case "$*" in
            *"\(words)"*) echo x > \(bed.state.path)/reached; read x < \(bed.state.path)/held ;;
            esac
            """, to: "slow-git")
        chmod("\(bed.state.path)/slow-git", 0o755)
        return "GIT_BIN=\(bed.state.path)/slow-git"
    }

    @Loop
    private func wait(for bed: ManageBed) async throws {
        let path = "\(bed.state.path)/reached"
        try await BlockingPool.shared.run("the moment") {
            let descriptor = open(path, O_RDONLY)
            var byte: UInt8 = 0
            _ = read(descriptor, &byte, 1)
            close(descriptor)
        }
    }

    /// Lets the git that nobody waits for any more end.
    @Loop
    private func release(_ bed: ManageBed) async throws {
        let path = "\(bed.state.path)/held"
        try await BlockingPool.shared.run("letting go") {
            let descriptor = open(path, O_RDWR)
            _ = write(descriptor, "x\n", 2)
            close(descriptor)
        }
    }

    @Test("half a repository never counts as one")
    @Loop func clone() async throws {
        try await ManageBed.with { bed in
            try await bed.origin("acme/app")
            try await bed.killAndStart([slowGit(bed, at: "clone")])
            async let asking = refusal { try await bed.ask(.post, "/mgmt/repos/clone", ["repo": "acme/app"]) }
            try await wait(for: bed)
            #expect(try await bed.ask(.get, "/mgmt/repos").json["repos"].count == 0)
            #expect(
                try await bed.ask(.post, "/mgmt/worktrees", ["repo": "acme/app", "sessionId": "s"]).status == 404)
            try await bed.killAndStart()
            try await release(bed)
            _ = await asking
            #expect(try await bed.ask(.get, "/mgmt/repos").json["repos"].count == 0)
            #expect(try RepoPlaces.names("\(bed.projects)/repos").isEmpty)
            let cloned = try await bed.ask(.post, "/mgmt/repos/clone", ["repo": "acme/app"])
            #expect(cloned.json["status"].string == "cloned")
        }
    }

    @Test("half a worktree never counts as one", arguments: ["init --quiet --template=", "read-tree -u"])
    @Loop func worktree(_ words: String) async throws {
        try await ManageBed.with { bed in
            try await bed.origin("acme/app")
            _ = try await bed.ask(.post, "/mgmt/repos/clone", ["repo": "acme/app"])
            try await bed.killAndStart([slowGit(bed, at: words)])
            async let asking = refusal {
                try await bed.ask(.post, "/mgmt/worktrees", ["repo": "acme/app", "sessionId": "s"])
            }
            try await wait(for: bed)
            try await bed.killAndStart()
            try await release(bed)
            _ = await asking
            #expect(try await bed.ask(.get, "/mgmt/worktrees").json["worktrees"].count == 0)
            #expect(try RepoPlaces.names("\(bed.projects)/worktrees").isEmpty)
            #expect(try RepoPlaces.names("\(bed.projects)/desks").isEmpty)
            let made = try await bed.ask(.post, "/mgmt/worktrees", ["repo": "acme/app", "sessionId": "s"])
            #expect(made.json["status"].string == "created", "\(made.json["detail"].string ?? "")")
            let path = made.json["path"].string ?? ""
            #expect(try await RealGit.line(["fsck", "--full"], in: path) == "")
            #expect(try await RealGit.run(["status", "--porcelain"], in: path).isEmpty)
        }
    }
}
