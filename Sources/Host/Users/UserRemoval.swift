import Glibc
import Runtime

/// How somebody leaves: steps that can all be done again, so that a kill between two of them is gone on with at the next
/// start. What they worked on is moved aside and kept for a grace; a gc job ends it.
@Loop
final class UserRemoval {
    /// Where directories wait, below the root that they come from.
    nonisolated static let aside = ".removed"

    private let users: UserBook
    private let keys: Keys
    private let workspaces: Workspaces
    private let runners: any WorldRunners
    private let directory: StateDirectory
    private let log: Log
    private let now: @Loop () -> Int64
    private let scope: Scope
    /// Served later than this is made.
    var runs: () -> Runs? = { nil }
    /// Called when nothing of a user may be remembered.
    var onRemoved: ((RemovedUser) -> Void)?

    init(
        _ users: UserBook, _ access: Access, _ runners: any WorldRunners, _ directory: StateDirectory, log: Log,
        scope: Scope
    ) {
        self.users = users
        keys = access.keys
        workspaces = access.workspaces
        self.runners = runners
        self.directory = directory
        self.log = log
        now = Access.now
        self.scope = scope
    }

    private var store: Store { users.store }

    /// Returns when all of the user's work has stopped and what they left is aside.
    func remove(_ id: String) async throws -> RemovedUser {
        // One who was only just seen is on the way to the disk.
        try await store.flush()
        let user = try await users.get(id)
        let moment = now()
        let removal = "\(id)-\(moment)"
        users.forget(user.user)
        try await store.write { transaction in
            try transaction.run(UsersQueries.beginRemoval, removal, moment, id)
            try transaction.run(UsersQueries.drop, id)
        }
        let found = try await store.read { try $0.all(UsersQueries.unfinished) }.first { $0.state.id == removal }
        guard let found else { throw Fault(.conflict, "user \(id) is being removed already") }
        // Whoever asked may leave; what has begun is brought to its end.
        let done = Waiter<Void>("the removal of a user")
        scope.spawn("the removal of a user") { [self] in
            do {
                try await carryOut(found)
                done.finish(.success(()))
            } catch {
                done.finish(.failure(error))
            }
        }
        try await done.value()
        return found
    }

    /// At a start, before anybody is served: what a kill left half done.
    func goOn() async throws {
        for removal in try await store.read({ try $0.all(UsersQueries.unfinished) }) { try await carryOut(removal) }
    }

    private func carryOut(_ removal: RemovedUser) async throws {
        let user = removal.state.user
        for key in keys.list() where key.user == user && key.revokedAt == nil { _ = try await keys.revoke(key.id) }
        await stopWork(of: user)
        for runner in runners.list() where runner.workspace == removal.workspace && runner.mode != "shared" {
            do {
                try await runners.stop(runner.name)
            } catch {
                log.warning("a runner of a removed user was not stopped", ["runner": LogValue(runner.name)])
            }
        }
        try await workspaces.give(removal.workspace, upTo: { try await self.moveAside(removal) })
        try await TreeDeletion.delete([removal.workspace], in: directory.keys)
        try await store.write { try $0.run(UsersQueries.putAside, removal.state.id) }
        onRemoved?(removal)
        log.info("user removed", ["user": LogValue(Mask.text(user)), "workspace": LogValue(removal.workspace)])
    }

    private func stopWork(of user: String) async {
        guard let runs = runs() else { return }
        for run in runs.unfinished(of: user) {
            do {
                try await runs.cancel(run, reason: "the user was removed")
            } catch {
                // It ended by itself meanwhile.
                log.debug("a run of a removed user: \(Fault(error).message)", ["run": LogValue(run)])
            }
        }
    }

    private func moveAside(_ removal: RemovedUser) async throws {
        let (root, runnerRoot, name) = (workspaces.places.root, directory.runners, removal.state.id)
        let (folder, workspace, user) = (removal.folder, removal.workspace, removal.state.user)
        try await BlockingPool.shared.settle("moving what a user left") {
            if let folder { try UserRemoval.move(folder, in: root, to: name) }
            try UserRemoval.move(workspace, in: runnerRoot, to: name)
        }
        try await store.write { transaction in
            try transaction.run(UsersQueries.forgetChats, user)
            try transaction.run(UsersQueries.forgetAgents, workspace)
            try transaction.run(UsersQueries.forgetWorkspace, workspace)
        }
    }

    /// Once: what lies there already was moved before a kill.
    private nonisolated static func move(_ folder: String, in root: String, to name: String) throws {
        let target = "\(root)/\(aside)/\(name)"
        guard access(target, F_OK) != 0, access("\(root)/\(folder)", F_OK) == 0 else { return }
        if mkdir("\(root)/\(aside)", 0o700) != 0, errno != EEXIST {
            throw Fault.system("make", "\(root)/\(aside)", errno: errno)
        }
        guard rename("\(root)/\(folder)", target) == 0 else {
            throw Fault.system("move \(folder) to", target, errno: errno)
        }
    }
}

extension Runs {
    func unfinished(of user: String) -> [String] {
        live.values.map(\.record).filter { $0.order.user == user }.map(\.id).sorted()
    }
}
