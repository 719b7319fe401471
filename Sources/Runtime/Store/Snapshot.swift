extension Store {
    /// What a reader sees: the store as it was at one moment. Valid during the closure only.
    public class Snapshot {
        let database: Database
        /// False outside its closure, so that one that was kept cannot be used.
        var isOpen = false

        init(_ database: Database) { self.database = database }

        /// Every row, as values. More than `limit` rows is an error: ask in pages, or use `each`.
        public func all<Output>(
            _ query: Query<Output>, _ parameters: any Storable..., atMost limit: Int = 10_000
        ) throws -> [Output] {
            var found: [Output] = []
            try visit(query, parameters) { statement in
                guard found.count < limit else {
                    throw Fault(.tooLarge, "“\(statement.summary)” gives more than \(limit) rows", hint: "ask in pages")
                }
                found.append(try query.value(of: statement))
            }
            return found
        }

        /// The first row, or nil.
        public func first<Output>(_ query: Query<Output>, _ parameters: any Storable...) throws -> Output? {
            var found: Output?
            try visit(query, parameters) { if found == nil { found = try query.value(of: $0) } }
            return found
        }

        /// The only row; none or several is an error.
        public func one<Output>(_ query: Query<Output>, _ parameters: any Storable...) throws -> Output {
            var found: Output?
            try visit(query, parameters) { statement in
                guard found == nil else { throw Fault(.internal, "“\(statement.summary)” gives several rows") }
                found = try query.value(of: statement)
            }
            guard let found else { throw Fault(.notFound, "“\(query.sql)” gives no row") }
            return found
        }

        /// One row after the other, for results of any length.
        public func each<Output>(
            _ query: Query<Output>, _ parameters: any Storable..., do body: (Output) throws -> Void
        ) throws {
            try visit(query, parameters) { try body(query.value(of: $0)) }
        }

        func visit<Output>(
            _ query: Query<Output>, _ parameters: [any Storable], _ body: (Statement) throws -> Void
        ) throws {
            guard isOpen else { throw Fault(.internal, "a snapshot is used after its closure has ended") }
            try database.use(query.sql, parameters) { statement in
                while try database.step(statement) { try body(statement) }
            }
        }
    }

    /// What a writer sees: its own changes too. Either all of them are kept, or none.
    public final class Transaction: Snapshot {
        /// Runs a statement that gives no rows; returns how many rows it changed.
        @discardableResult
        public func run(_ query: Query<Void>, _ parameters: any Storable...) throws -> Int {
            try visit(query, parameters) { statement in
                throw Fault(.internal, "“\(statement.summary)” gives rows: use all, first or one")
            }
            return database.changes
        }
    }
}
