import Runtime

/// Which Perigee this is: an id for each state directory, made once. What is started outside of this process bears it.
enum Installation {
    private static let add: Query<Void> =
        "INSERT INTO about (name, value) VALUES ('installation', ?) ON CONFLICT (name) DO NOTHING"
    private static let find = Query("SELECT value FROM about WHERE name = 'installation'", String.self)

    @Loop
    static func id(_ store: Store) async throws -> String {
        let fresh = Hex.encode(Random.bytes(8))
        return try await store.write { transaction in
            try transaction.run(add, fresh)
            return try transaction.one(find)
        }
    }
}
