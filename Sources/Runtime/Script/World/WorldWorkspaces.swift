/// The users' workspaces, as scripts see them: `host.Workspace`, as hooks get it too.
@Loop
public protocol WorldWorkspaces: AnyObject {
    /// In the order of their ids, those behind `after`.
    func list(after: String, limit: Int) async throws -> [JSONValue]
    func get(_ id: String) async throws -> JSONValue
    /// That of a user; not found while they have none.
    func get(user: String) async throws -> JSONValue
    /// Counts what is in it now.
    func usage(of id: String) async throws -> WorkspaceUsage
    /// The agents in the configurations of workspaces, without the engine's own: `host.UnusedAgent`, by their ids.
    func agents(_ page: UnusedPage) async throws -> [JSONValue]
}

/// What is stored in a workspace.
public struct WorkspaceUsage: Sendable, Equatable {
    public var bytes: Int64
    public var files: Int64

    public init(bytes: Int64, files: Int64) {
        self.bytes = bytes
        self.files = files
    }

    /// Reads a directory with all that is in it.
    @Loop
    public init(counting directory: String) async throws {
        let usage = try await TreeUsage.of(FilePlace(FileRoot("workspace", directory, isWritable: false), []))
        self.init(bytes: Int64(usage.bytes), files: Int64(usage.files))
    }
}
