import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

/// `PERIGEE_HISTORIES=200` for more.
private let historyCount = TestEnvironment.value(of: "PERIGEE_HISTORIES").flatMap { Int($0) } ?? 6

/// Random histories of worktrees, and a plan that was made at some moment of them: whatever happened, no work is lost.
@Suite("removing worktrees by plans", .serialized)
struct WorktreeSafetyTests {
    /// What has been done in a worktree, told by who did it and not by git.
    private struct Truth {
        var uncommitted = false
        /// Commits that no other side has.
        var commits: [String] = []
        var isPinned = false
        var isBusy = false
        var wasUsed = false

        var mustStay: Bool { uncommitted || !commits.isEmpty || isPinned || isBusy || wasUsed }
    }

    @Test("no work is lost, whatever happened before a plan and between plan and apply", arguments: 1...historyCount)
    @Loop func histories(_ seed: Int) async throws {
        try await RepoBed.with(within: .seconds(240)) { bed in
            var random = SeededGenerator(seed: UInt64(seed))
            let origin = try await bed.origin("acme/app")
            let target = WorktreeTarget(bed.worktrees)
            for round in 0..<6 {
                let tree = try await bed.worktree("t\(round)")
                var truth = Truth()
                for step in 0..<Int.random(in: 0...5, using: &random) {
                    try await act(bed, tree, &truth, "\(round)-\(step)", &random)
                }
                try await age(bed, tree)
                let now = try await bed.worktrees.get(tree.id)
                let item = PlanEntry(
                    action: .remove, kind: "worktree", id: tree.id.text, reason: "test", stamp: now.stamp)
                // Between plan and apply.
                if Bool.random(using: &random) {
                    try await act(bed, now, &truth, "\(round)-late", &random)
                    // A push is use.
                    truth.wasUsed = try await bed.worktrees.get(now.id).usedAt != now.usedAt
                    if Bool.random(using: &random) {
                        try await bed.worktrees.noteUse(now)
                        truth.wasUsed = true
                    }
                }
                try await apply(item, target, truth, tree, seed, origin)
                busy.forEach { $0.release() }
                busy = []
            }
        }
    }

    @Loop
    private func apply(
        _ item: PlanEntry, _ target: WorktreeTarget, _ truth: Truth, _ tree: WorktreeRecord, _ seed: Int,
        _ origin: String
    ) async throws {
        let verdict = try await target.check(item)
        if truth.mustStay {
            if case .stays = verdict {} else { Issue.record("seed \(seed), \(tree.id): \(truth) may go") }
            // Somebody begins after the check.
            await #expect(throws: Fault.self) { try await target.remove(item) }
            #expect(access("\(tree.path)/.git/HEAD", F_OK) == 0)
        } else {
            #expect(verdict == .removable, "seed \(seed), \(tree.id): \(truth)")
            _ = try await target.remove(item)
            #expect(access(tree.path, F_OK) != 0)
            #expect(try await target.check(item) == .gone)
        }
    }

    @Loop
    private func act(
        _ bed: RepoBed, _ tree: WorktreeRecord, _ truth: inout Truth, _ mark: String,
        _ random: inout SeededGenerator
    ) async throws {
        func git(_ words: String...) async throws { try await RealGit.run(words, in: tree.path) }
        switch Int.random(in: 0...10, using: &random) {
        case 0, 1:
            bed.write(mark, "file-\(mark).txt", in: tree)
            truth.uncommitted = true
        case 2 where truth.uncommitted:
            try await git("add", "-A")
        case 3, 4:
            bed.write(mark, "done-\(mark).txt", in: tree)
            try await git("add", "-A")
            try await git("commit", "-q", "-m", mark)
            truth.uncommitted = false
            truth.commits.append(try await RealGit.line(["rev-parse", "HEAD"], in: tree.path))
        case 5:
            // Of another branch, and then left.
            try await git("checkout", "-q", "-b", "side-\(mark)")
            try await git("commit", "-q", "--allow-empty", "-m", "side \(mark)")
            truth.commits.append(try await RealGit.line(["rev-parse", "HEAD"], in: tree.path))
            try await git("checkout", "-q", "-")
        case 6 where truth.uncommitted:
            try await git("stash", "push", "-q", "-u")
            truth.uncommitted = false
            truth.commits.append(try await RealGit.line(["rev-parse", "stash@{0}"], in: tree.path))
        case 7:
            let head = try await bed.push(tree, to: "perigee/\(mark)").commit
            // What leads to it is there as well.
            let pushed = try await RealGit.run(["rev-list", head], in: tree.path).split(separator: "\n").map(
                String.init)
            truth.commits.removeAll { pushed.contains($0) }
        case 10:
            // Others have pushed there; what conflicts or has merges is refused, and nothing has changed.
            let old = try await RealGit.run(["rev-list", "HEAD"], in: tree.path).split(separator: "\n").map(String.init)
            try await RealGit.commit(to: "\(bed.server.root)/acme/app.git", "theirs-\(mark).txt", mark)
            let pushed = try await bed.push(tree, to: "main", rebasing: true)
            // What the worktree did not follow is still its own, by the commits' names.
            if pushed.stays == nil { truth.commits.removeAll { old.contains($0) } }
        case 8:
            try await bed.worktrees.pin(tree, true)
            truth.isPinned = true
        case 9:
            busy.append(bed.worktrees.lease(tree))
            truth.isBusy = true
        default: break
        }
    }

    /// As if it had last been used long ago.
    @Loop
    private func age(_ bed: RepoBed, _ tree: WorktreeRecord) async throws {
        try await bed.spaces.store.write { store in
            try store.run("UPDATE worktrees SET used_at = 1000, created_at = 1000" as Query<Void>)
        }
    }

    @Test("one that was begun just now stays, whatever a plan says")
    @Loop func young() async throws {
        try await RepoBed.with { bed in
            try await bed.origin("acme/app")
            let tree = try await bed.worktree("t")
            let item = PlanEntry(
                action: .remove, kind: "worktree", id: tree.id.text, reason: "test", stamp: tree.stamp)
            #expect(try await WorktreeTarget(bed.worktrees).check(item) == .stays("it was just used"))
        }
    }
}

/// Leases that the test in progress holds.
@Loop private var busy: [WorktreeLease] = []
