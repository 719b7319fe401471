import Glibc
import Runtime

/// Disk, processes and users, put together: what is measured, what runs, and who was here.
@Loop
final class Resources {
    let access: Access
    let disk: DiskBook
    let users: UserBook
    let removal: UserRemoval
    let scriptDisk: ScriptDisk
    let scriptUsers: ScriptUsers
    let processes: OwnProcesses
    let snapshots: SnapshotPlaces
    /// With a trash of their own, beside those that scripts may use.
    let trashRoots: [FileRoot]
    private let projects: String
    private let isBusy: (_ workspace: String) -> Bool
    private let scope: Scope

    /// How old a size may become, and how often is looked for what has changed.
    private static let age = DiskAge(period: 6 * 3_600_000, pause: 60_000)

    static func open(_ house: House, scope: Scope) async throws -> Resources {
        let (store, access, directory) = (house.store!, house.access!, house.directory)
        let volumes = [access.workspaces.places.root, directory.path, house.settings.projectsDirectory]
        let disk = try await DiskBook.open(
            store, volumes: volumes, age: age, log: house.log.part("disk"), now: Access.now)
        let resources = Resources(house, access, disk, owner: try await Installation.id(store), scope: scope)
        resources.register(directory)
        access.gate.onCaller = { [weak users = resources.users] in users?.saw($0) }
        return resources
    }

    private init(_ house: House, _ access: Access, _ disk: DiskBook, owner: String, scope: Scope) {
        let (directory, desk) = (house.directory, house.runnerDesk)
        let own = scope.child("resources")
        self.scope = own
        self.access = access
        projects = house.settings.projectsDirectory
        self.disk = disk
        snapshots = SnapshotPlaces(root: directory.runners)
        // As long as runs are not served yet, all count as busy.
        let isBusy: (String) -> Bool = { [weak house] workspace in
            desk.list().contains { $0.workspace == workspace && $0.leases > 0 }
                || house?.runs?.isAtWork { $0.order.workspace == workspace } ?? true
        }
        self.isBusy = isBusy
        users = UserBook(house.store!, log: house.log.part("users"), now: Access.now)
        removal = UserRemoval(users, access, desk, directory, log: house.log.part("users"), scope: own)
        scriptDisk = ScriptDisk(disk, snapshots, isBusy: isBusy, now: Access.now)
        scriptUsers = ScriptUsers(users, disk)
        processes = OwnProcesses(desk, owner: owner, secrets: house.log.secrets, log: house.log.part("processes"))
        trashRoots = [
            FileRoot("workspaces", access.workspaces.places.root, isWritable: true),
            FileRoot("runners", directory.runners, isWritable: true),
        ]
        removal.runs = { [weak house] in house?.runs }
    }

    /// Every place with a trash of its own, where others have some as well.
    func trashRoots(beside others: [FileRoot]) -> [FileRoot] {
        trashRoots + others.filter { other in !trashRoots.contains { $0.name == other.name } }
    }

    /// What gc plans may remove of all this.
    func targets(_ store: Store, _ trash: Trash) -> [any GCTarget] {
        SnapshotItem.Kind.allCases.map { SnapshotTarget($0, snapshots, isBusy: isBusy, now: Access.now) }
            + [
                RemovedUserTarget(store, trash, roots: trashRoots) { [weak keys = access.keys] in
                    keys?.forgetRevoked(of: $0)
                }
            ]
    }

    /// Runs are served from now on.
    func start(_ room: ChatRoom, _ board: EventBoard) async throws {
        removal.onRemoved = {
            [weak agents = room.agents, weak chats = room.chats, weak intake = room.openAI.intake, weak board] removal
            in
            agents?.forget(workspace: removal.workspace)
            chats?.forgetRecent(of: removal.state.user)
            intake?.forget(user: removal.state.user)
            board?.tell("user", ["user": .string(removal.state.user), "state": "removed"])
        }
        disk.onWarning = { [weak board] in board?.tell($0) }
        try await removal.goOn()
        scope.spawn("measuring the disk") { [disk] in try await disk.keepMeasuring() }
    }

    func noteEnd(of run: RunRecord) {
        disk.touch("workspace", run.order.workspace)
        if let tree = run.order.input.worktree { disk.touch("worktree", tree.id) }
        disk.touch("runner", run.order.workspace)
    }

    func close() async {
        access.gate.onCaller = nil
        await scope.close()
    }

    // MARK: what is measured

    private func register(_ directory: StateDirectory) {
        let workspaces = access.workspaces
        disk.register(
            DiskSource(kind: "workspace", isProject: true) {
                var places: [DiskPlace] = []
                try await workspaces.places { record in
                    places.append(
                        DiskPlace(id: record.id, path: workspaces.places.path(record.folder), owner: record.user))
                }
                return places
            })
        disk.register(
            DiskSource(kind: "runner") {
                try await Resources.places(in: directory.runners)
            })
        let (snapshots, now) = (snapshots, Access.now)
        disk.register(
            DiskSource(kind: "snapshot", within: "runner") {
                let moment = now()
                return try await BlockingPool.shared.run("the snapshots") {
                    snapshots.list(now: moment).filter { $0.kind == .snapshot }.map {
                        DiskPlace(id: $0.id, path: snapshots.path($0.id), owner: $0.workspace)
                    }
                }
            })
        disk.register(
            DiskSource(kind: "trash") { [trashRoots, projects] in
                (trashRoots.map { ($0.name, $0.path) } + [("data", directory.data), ("projects", projects)]).map {
                    DiskPlace(id: $0.0, path: "\($0.1)/.trash")
                }
            })
        disk.register(
            DiskSource(kind: "removed") { [trashRoots] in
                try await Resources.places(in: "\(trashRoots[0].path)/\(UserRemoval.aside)")
            })
        disk.register(
            DiskSource(kind: "database") {
                ["perigee.db", "perigee.db-wal"].map { DiskPlace(id: $0, path: "\(directory.path)/\($0)") }
            })
    }

    private static func places(in root: String) async throws -> [DiskPlace] {
        try await BlockingPool.shared.run("the directories of \(root)") {
            Names.directories(root).map { DiskPlace(id: $0, path: "\(root)/\($0)") }
        }
    }
}
