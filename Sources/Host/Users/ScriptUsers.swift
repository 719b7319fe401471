import Runtime

/// `host.users`: what a removed user left is there with its size, as far as it was measured.
@Loop
final class ScriptUsers: WorldUsers {
    private let users: UserBook
    private let disk: DiskBook

    init(_ users: UserBook, _ disk: DiskBook) {
        self.users = users
        self.disk = disk
    }

    func list(removed: Bool, after: String, limit: Int) async throws -> [UserState] {
        let found = try await users.list(removed: removed, after: after, limit: limit)
        guard removed else { return found }
        return found.map { user in
            var user = user
            user.bytes = disk.size("removed", user.id)?.usage.bytes
            return user
        }
    }
}
