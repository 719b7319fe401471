import FakeOpencode
import Runtime
import TestSupport
import Testing

@testable import Host

/// Runners of our own over a real store, real workspaces and a machine of doubles. Another process of ours is another
/// opening of the same.
@Loop
final class OwnRunnersBed {
    let access: WorkspacesBed
    let machine: RunnerMachine
    let scope = Scope("test") { name, error in Issue.record("\(name) let \(error) escape") }
    let client = HTTPClient()
    private(set) var runners: OwnRunners!
    private(set) var backend: PretendBackend!
    private(set) var book: RunnerBook!
    var limits = OwnRunners.Limits()
    /// What the hook decides, and how often it was asked.
    var decision: JSONObject = [:]
    var generation = 1
    private(set) var asked = 0
    private(set) var told: [JSONObject] = []
    private var life: Scope
    private var watchers: [Waiter<Void>] = []

    static func with(
        _ change: (inout OwnRunners.Limits) -> Void = { _ in }, _ body: @Loop (OwnRunnersBed) async throws -> Void
    ) async throws {
        let bed = OwnRunnersBed(try await WorkspacesBed.open())
        change(&bed.limits)
        await Deadline.within(.seconds(60)) {
            do {
                try await bed.open()
                try await body(bed)
            } catch {
                Issue.record(error)
            }
            await Deadline.lifted { await bed.close() }
        }
    }

    private init(_ access: WorkspacesBed) {
        self.access = access
        machine = RunnerMachine(scope: scope, state: access.directory.path)
        life = scope.child("life")
        limits.look = .seconds(600)
        limits.patience.firstLook = .milliseconds(5)
        limits.patience.lastLook = .milliseconds(20)
        limits.patience.probe = .seconds(1)
        limits.patience.drain = .seconds(20)
        limits.patience.place = .seconds(20)
        limits.patience.again = .milliseconds(10)
        limits.patience.young = .zero
    }

    /// A process of ours begins.
    func open() async throws {
        life = scope.child("life")
        let log = Log(to: -1, format: .json, level: .error)
        book = try await RunnerBook.open(access.store, sealer: try Sealer(WorkspacesBed.sealingKey), log: log)
        backend = PretendBackend(machine, owner: book.owner)
        backend.onCall = { [unowned self] in tell() }
        let policy = RunnerPolicy(generation: { [unowned self] in generation }) { [unowned self] in
            asked += 1
            told.append($0)
            return Decision(hook: "runner", value: .object(decision), generation: generation)
        }
        let workspaces = access.workspaces
        let planner = RunnerPlanner(
            .container, RunnerDefaults(image: "opencode"), policy: policy,
            mounts: MountRules(allowed: [], guarded: [access.directory.path]),
            privateRoot: "\(access.directory.path)/runners"
        ) { workspace in
            let keys = try await workspaces.effectiveKeys(of: workspace.id)
            return Dictionary(uniqueKeysWithValues: keys.providers.map { ($0.variable, keys[$0]!) })
        }
        let (client, life) = (client, life)
        runners = try await OwnRunners.open(
            backend, book, planner: planner, workspaces: workspaces, limits: limits,
            connect: { place in
                var patience = OpencodeSettings()
                patience.probe = .milliseconds(500)
                patience.firstDelay = .milliseconds(10)
                patience.lastDelay = .milliseconds(100)
                return OpencodeServer(
                    try WebAddress(place.address), password: place.password, client: client, settings: patience,
                    log: log, scope: life)
            }, onChange: { [unowned self] _, _ in Loop.post { self.tell() } }, log: log, scope: life)
    }

    /// It ends, and leaves everything as it is.
    func leave() async {
        await runners.close()
        await life.close()
    }

    private func close() async {
        await leave()
        await client.close()
        await machine.close()
        await scope.close()
        await access.close()
    }

    func lease(
        _ user: String = "ann", share: RunnerShare = .user, _ progress: @escaping @Loop (String) -> Void = { _ in }
    ) async throws -> RunnerLease {
        let workspace = try await access.workspace(user)
        return try await runners.lease(
            workspace: workspace.id, directory: workspace.directory, share: share, onProgress: progress)
    }

    func runner(_ user: String = "ann") async throws -> OwnRunner? {
        runners.runners[RunnerPlanner.name(try await access.workspace(user))]
    }

    func inBackground(_ name: String, _ body: @escaping @Loop () async throws -> Void) -> Waiter<Void> {
        let done = Waiter<Void>(name)
        scope.spawn(name) {
            do {
                try await body()
                done.finish(.success(()))
            } catch {
                done.finish(.failure(error))
            }
        }
        return done
    }

    /// Looks whenever a runner's state has changed or the backend was asked something.
    func until(_ subject: String, _ condition: @Loop () -> Bool) async throws {
        while !condition() {
            let waiter = Waiter<Void>(subject)
            watchers.append(waiter)
            try await waiter.value()
        }
    }

    private func tell() {
        let waiting = watchers
        watchers = []
        for waiter in waiting { waiter.finish(.success(())) }
    }

    func entries() async throws -> [RunnerBook.Entry] { try await book.entries(of: .container) }
}
