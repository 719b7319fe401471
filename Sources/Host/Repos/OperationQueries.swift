import Runtime

/// All SQL about operations.
enum OperationQueries {
    static let schema: StaticString = """
        CREATE TABLE operations (
            id TEXT NOT NULL PRIMARY KEY,
            kind TEXT NOT NULL,
            subject TEXT NOT NULL,
            user_key TEXT,
            started_at BIGINT NOT NULL,
            -- `running`, `succeeded`, `failed`, `cancelled` or `interrupted`.
            state TEXT NOT NULL,
            ended_at BIGINT,
            -- JSON: a `result`, an `error`, or neither.
            outcome TEXT NOT NULL
        );
        """

    static let add: Query<Void> = """
        INSERT INTO operations (id, kind, subject, user_key, started_at, state, ended_at, outcome)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        """
    static let end: Query<Void> = "UPDATE operations SET state = ?, ended_at = ?, outcome = ? WHERE id = ?"
    static let interrupt: Query<Void> = """
        UPDATE operations SET state = 'interrupted', ended_at = ?, outcome = ? WHERE state = 'running'
        """
    static let forget: Query<Void> = "DELETE FROM operations WHERE ended_at < ?"
    static let all = Query(
        "SELECT id, kind, subject, user_key, started_at, state, ended_at, outcome FROM operations ORDER BY id"
    ) { row in
        var operation = try Operations.Operation(
            id: row.next(), kind: row.next(), subject: row.next(), user: row.next(), startedAt: row.next(),
            state: row.next())
        operation.endedAt = try row.next()
        let text: String = try row.next()
        let outcome = try JSON.parse(text)
        if case .object(let result)? = outcome["result"].value { operation.result = result }
        let error = outcome["error"]
        if let message = error["message"].string {
            let kind = error["kind"].string.flatMap { Fault.Kind(rawValue: $0) } ?? .internal
            operation.fault = Fault(kind, message, hint: error["hint"].string)
        }
        return operation
    }

    static func outcome(_ result: JSONObject?, _ fault: Fault?) throws -> String {
        var outcome: JSONObject = [:]
        outcome["result"] = result.map { .object($0) }
        outcome["error"] = fault.map { .object($0.shown) }
        return String(decoding: try JSON.encode(JSONValue.object(outcome)), as: UTF8.self)
    }
}

extension Fault {
    /// What of it a client reads later.
    var shown: JSONObject {
        var shown: JSONObject = ["kind": .string(kind.rawValue), "message": .string(message)]
        shown["hint"] = hint.map { .string($0) }
        return shown
    }
}
