import LuaBridge

/// The users of a spec.
@Loop
final class FakeUsers: WorldUsers {
    private unowned let clock: any WorldClock
    private var users: [UserState] = []

    init(clock: any WorldClock) { self.clock = clock }

    func begin() { users = [] }

    func list(removed: Bool, after: String, limit: Int) async throws -> [UserState] {
        Array(
            users.filter { ($0.removedAt != nil) == removed && $0.id > after }.sorted { $0.id < $1.id }.prefix(limit))
    }

    private static let user = Record(
        "fake.User", "Somebody who was here.",
        [
            .required("user", .text(), "The user; the id as well."),
            .optional("ago", .duration, "How long ago they came last; just now, if left out."),
            .optional("removed", .duration, "How long ago they were removed. They were not, if left out."),
            .optional("bytes", .size, "What they left."),
        ])

    /// `fake.users`.
    var words: HostModule {
        HostModule(
            "users", "The users that `host.users` tells of.",
            [
                HostFunction(
                    "set", "Sets who was here.",
                    [.required("users", .list(.record(FakeUsers.user)), "All of them.")],
                    example: "fake.users.set { { user = \"ann\", removed = \"31d\" } }"
                ) { [unowned self] call in
                    users = call["users"].elements.map(HostOptions.init).map(state)
                    return .nil
                }
            ])
    }

    private func state(_ said: HostOptions) -> UserState {
        let (user, seen) = (said.text("user")!, milliseconds(said.duration("ago") ?? .zero))
        return UserState(
            id: user, user: user, source: "key", firstSeen: seen, lastSeen: seen,
            removedAt: said.duration("removed").map(milliseconds), bytes: said.size("bytes").map { Int64($0) })
    }

    private func milliseconds(_ age: Duration) -> Int64 { Int64((clock.now - age / .seconds(1)) * 1000) }
}
