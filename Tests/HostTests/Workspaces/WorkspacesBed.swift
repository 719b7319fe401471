import Glibc
import Runtime
import TestSupport

@testable import Host

/// Workspaces over a real store and real directories.
@Loop
final class WorkspacesBed {
    let directory: TemporaryDirectory
    let store: Store
    let workspaces: Workspaces
    private let log: Log
    private let time: ManualMoment

    var root: String { "\(directory.path)/root" }
    var moment: Int64 {
        get { time.milliseconds }
        set { time.milliseconds = newValue }
    }

    static func open(
        in directory: TemporaryDirectory = TemporaryDirectory(), defaults: ProviderKeys = ProviderKeys(),
        key: SealingKey = sealingKey
    ) async throws -> WorkspacesBed {
        let store = try await Store.open("\(directory.path)/perigee.db", migrations: Schema.migrations) { _ in }
        let bed = try WorkspacesBed(directory, store, defaults, key)
        try await bed.workspaces.takeOverRoot()
        return bed
    }

    /// The same for all beds of a process, so that one can open what another has sealed.
    nonisolated static let sealingKey = SealingKey.random()

    private init(
        _ directory: TemporaryDirectory, _ store: Store, _ defaults: ProviderKeys, _ key: SealingKey
    ) throws {
        self.directory = directory
        self.store = store
        let path = "\(directory.path)/log"
        log = Log(to: Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600), format: .json, level: .debug)
        let time = ManualMoment()
        self.time = time
        let places = try WorkspacePlaces.open(root: "\(directory.path)/root", keys: "\(directory.path)/keys")
        workspaces = Workspaces(
            store, places: places, sealer: try Sealer(key), defaults: defaults, log: log
        ) { time.milliseconds }
    }

    func workspace(_ user: String = "ann") async throws -> Workspace {
        try await workspaces.workspace(for: user, source: .header)
    }

    func write(_ text: String, _ name: String, in workspace: Workspace) {
        directory.write(text, to: "root/\(workspace.directory.split(separator: "/").last!)/\(name)")
    }

    func text(_ name: String, in workspace: Workspace) throws -> String {
        String(decoding: try bytes(of: "\(workspace.directory)/\(name)"), as: UTF8.self)
    }

    func json(_ name: String, in workspace: Workspace) throws -> JSONValue {
        try JSON.parse(try text(name, in: workspace)).value ?? .null
    }

    func logged() throws -> String {
        log.flush()
        return String(decoding: try bytes(of: "\(directory.path)/log"), as: UTF8.self)
    }

    func close() async { await store.close() }
}
