import Glibc
import Runtime

/// What is to be sent, and where to.
struct PushOrder {
    var branch: BranchName
    var address = ""
    var login: GitLogin?
    /// Replaces what Perigee itself put there, and nothing else.
    var isForced = false
    /// Puts the commits on what is there by now.
    var isRebased = false
    /// Who makes commits again.
    var committer: GitAuthor
}

struct Pushed: Sendable, Equatable {
    let branch: String
    let commit: String
    /// What the worktree had.
    let head: String
    /// What the other side had, where the commits were made again on it.
    var onto: String?
    /// Why the worktree was left where it is, then.
    var stays: String?
}

extension Desk {
    /// Races with others who push are lost so often.
    private nonisolated static let attempts = 5
    private nonisolated static let onto = "refs/perigee/onto"
    private nonisolated static let next = "next.index"

    /// Sends what is committed to a branch of the other side. What conflicts is told, and nothing has changed anywhere.
    func push(_ order: PushOrder) async throws -> Pushed {
        try await turns.run(path) {
            guard let head = try await look().head else {
                throw Fault(.conflict, "the worktree \(agent.folder) has no commit to push")
            }
            guard order.isRebased else { return try await send(head, order) }
            for _ in 1..<Desk.attempts {
                do {
                    return try await sendRebased(head, order)
                } catch let fault as Fault where fault.kind == .conflict && fault.isRetryable {
                    continue
                }
            }
            return try await sendRebased(head, order)
        }
    }

    private func send(_ head: String, _ order: PushOrder) async throws -> Pushed {
        let before = try await repository.resolve(Desk.pushed)
        if order.isForced, before == nil {
            throw Fault(
                .conflict, "nothing was pushed from this worktree yet, so nothing is replaced",
                hint: "push without force")
        }
        do {
            try await repository.push(
                head, to: order.branch.text, at: order.address, expecting: order.isForced ? before : nil,
                login: order.login)
        } catch let fault as Fault where fault.kind == .conflict && !order.isForced {
            throw Fault(.conflict, fault.message, hint: "push with `rebase`, which puts the commits on what is there")
        }
        return try await noted(Pushed(branch: order.branch.text, commit: head, head: head), order)
    }

    private func sendRebased(_ head: String, _ order: PushOrder) async throws -> Pushed {
        guard let tip = try await fetchTip(order), try await !repository.isAncestor(tip, of: head) else {
            return try await sendInRace(Pushed(branch: order.branch.text, commit: head, head: head), order)
        }
        let commit = try await rebased(head, onto: tip, order)
        return try await sendInRace(
            Pushed(branch: order.branch.text, commit: commit, head: head, onto: tip), order)
    }

    private func sendInRace(_ pushed: Pushed, _ order: PushOrder) async throws -> Pushed {
        do {
            try await repository.push(pushed.commit, to: order.branch.text, at: order.address, login: order.login)
        } catch let fault as Fault where fault.kind == .conflict {
            throw Fault(.conflict, fault.message, hint: "others push there all the time; try again", isRetryable: true)
        }
        return try await noted(pushed, order)
    }

    private func noted(_ pushed: Pushed, _ order: PushOrder) async throws -> Pushed {
        try await repository.set(Desk.pushed, to: pushed.commit)
        try await hand(over: [pushed.commit], except: [pushed.head])
        let agent = agent
        try await BlockingPool.shared.settle("the worktree \(agent.folder)") {
            try agent.note(order.branch, at: pushed.commit)
        }
        return pushed
    }

    /// What the branch is at on the other side; nil where there is none.
    private func fetchTip(_ order: PushOrder) async throws -> String? {
        do {
            try await repository.fetch(
                order.address, ["+refs/heads/\(order.branch.text):\(Desk.onto)"], login: order.login)
        } catch let fault as Fault where fault.kind == .notFound {
            // A repository that is not there is told by the push.
            return nil
        }
        return try await repository.resolve(Desk.onto)
    }

    private func rebased(_ head: String, onto tip: String, _ order: PushOrder) async throws -> String {
        let branch = order.branch.text
        let hint = "merge or rebase \(branch) in the worktree, then push again"
        switch try await repository.rebase(head, onto: tip, by: order.committer) {
        case .done(let commit): return commit
        case .conflict(let subject, let paths):
            let shown = paths.prefix(5).joined(separator: ", ") + (paths.count > 5 ? ", …" : "")
            throw Fault(
                .conflict, "\"\(subject.prefix(80))\" conflicts with \(branch) in \(shown); nothing was changed",
                hint: hint)
        case .merges:
            throw Fault(.conflict, "\(branch) has moved on, and the commits have merges among them", hint: hint)
        case .tooMany(let count):
            throw Fault(.conflict, "\(branch) has moved on, and \(count) commits are too many to move", hint: hint)
        }
    }

    // MARK: into the worktree

    /// Gives the agent's repository the objects of commits that it has not.
    func hand(over commits: [String], except: [String]) async throws {
        let (outbox, agent) = ("\(path)/outbox", agent)
        try await BlockingPool.shared.run("packs of \(agent.folder)") { try Desk.empty(outbox) }
        guard try await repository.pack(commits, except: except, into: outbox) else { return }
        try await BlockingPool.shared.settle("the worktree \(agent.folder)") {
            let packs = try RepoPlaces.names(outbox).filter { $0.hasSuffix(".pack") || $0.hasSuffix(".idx") }
            try agent.take(packs: packs.map { "\(outbox)/\($0)" })
            try RepoPlaces.remove(outbox)
        }
    }

    private nonisolated static func empty(_ path: String) throws {
        try RepoPlaces.remove(path)
        guard mkdir(path, 0o700) == 0 else { throw Fault.system("make", path, errno: errno) }
    }

    /// Moves branch, index and files of the worktree to what was pushed, so that work goes on from there. Gives why it
    /// stays instead: work that is not committed is never touched.
    func follow(_ pushed: Pushed) async throws -> String? {
        try await turns.run(path) {
            let refs = try await look()
            guard refs.head == pushed.head else { return "it has changed meanwhile" }
            guard refs.branch != nil else { return "no branch is checked out in it" }
            let isClean = try await withFiles(index: Desk.index) { repository in
                try await prepare(repository, of: refs.head)
                return try await repository.status().isClean
            }
            guard isClean else { return "it has uncommitted files" }
            let changes = try await repository.changes(from: pushed.head, to: pushed.commit)
            if let why = try await obstacle(changes) { return why }
            try await move(refs, pushed, changes)
            return nil
        }
    }

    private func obstacle(_ changes: [GitRepository.Change]) async throws -> String? {
        if let link = changes.first(where: \.isLink) { return "the submodule \(link.path) differs" }
        let (agent, new) = (agent, changes.filter(\.isNew).map(\.path))
        return try await BlockingPool.shared.run("the worktree \(agent.folder)") {
            // What git passes over is there without git's knowing.
            try new.first { try agent.holds($0) }.map { "\($0) is in the way" }
        }
    }

    /// Files first: what a kill leaves half done looks like uncommitted work, which stays.
    private func move(_ refs: AgentRepository.Refs, _ pushed: Pushed, _ changes: [GitRepository.Change]) async throws {
        let (aside, index, agent) = ("\(path)/aside", "\(path)/\(Desk.next)", agent)
        try await BlockingPool.shared.run("files of \(agent.folder)") { try Desk.empty(aside) }
        let (wanted, gone) = (changes.filter { !$0.isGone }.map(\.path), changes.filter(\.isGone).map(\.path))
        let own = GitRepository(git, path, workTree: aside, index: index)
        try await own.readTree(pushed.commit)
        try await own.checkOut(wanted)
        try await BlockingPool.shared.settle("the worktree \(agent.folder)") {
            try agent.replace(wanted, from: aside, gone: gone)
            try agent.advance(from: refs, to: pushed.commit, index: FileBytes.read(index))
            try RepoPlaces.remove(aside)
            try RepoPlaces.remove(index)
        }
        try await repository.set(Desk.head, to: pushed.commit)
        if let onto = pushed.onto { try await repository.set(Desk.base, to: onto) }
    }
}
