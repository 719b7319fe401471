import Runtime

/// All SQL about what users have used. A row is one day of one user with one key, persona and model; days are UTC, named
/// by the millisecond of their beginning.
enum UsageQueries {
    /// Right after the run's own row was written as ended, in the same transaction, so that each run counts once.
    static let add: Query<Void> = """
        INSERT INTO usage (day, user_key, key_id, persona, model, runs, failed, input, output, reasoning, cached, cost,
            priced)
        SELECT ?, user_key, coalesce(key_id, ''), coalesce(persona, ''), ?, 1, ?, ?, ?, ?, ?, ?, ? FROM runs WHERE id = ?
        ON CONFLICT (day, user_key, key_id, persona, model) DO UPDATE SET runs = usage.runs + 1,
            failed = usage.failed + excluded.failed, input = usage.input + excluded.input,
            output = usage.output + excluded.output, reasoning = usage.reasoning + excluded.reasoning,
            cached = usage.cached + excluded.cached, cost = usage.cost + excluded.cost,
            priced = usage.priced + excluded.priced
        """
    static let keyOfRun = Query("SELECT key_id FROM runs WHERE id = ?", String?.self)

    static let between = Query(
        """
        SELECT day, user_key, key_id, persona, model, runs, failed, input, output, reasoning, cached, cost, priced
        FROM usage WHERE day >= ? AND day < ? AND (? = '' OR user_key = ?) AND (? = '' OR key_id = ?)
            AND (? = '' OR persona = ?) AND (? = '' OR model = ?)
        ORDER BY day, user_key, key_id, persona, model LIMIT ?
        """
    ) { row in
        try UsageRow(
            day: row.next(), user: row.next(), key: row.next(), persona: row.next(), model: row.next(),
            sum: UsageSum(
                runs: row.next(), failed: row.next(), input: row.next(), output: row.next(), reasoning: row.next(),
                cached: row.next(), cost: row.next(), priced: row.next()))
    }
    /// Of one user from a day on: the sums of that day and later.
    static let ofUser = Query(
        """
        SELECT coalesce(sum(runs), 0), coalesce(sum(failed), 0), coalesce(sum(input), 0), coalesce(sum(output), 0),
            coalesce(sum(reasoning), 0), coalesce(sum(cached), 0), coalesce(sum(cost), 0.0), coalesce(sum(priced), 0)
        FROM usage WHERE user_key = ? AND day >= ?
        """
    ) { row in
        try UsageSum(
            runs: row.next(), failed: row.next(), input: row.next(), output: row.next(), reasoning: row.next(),
            cached: row.next(), cost: row.next(), priced: row.next())
    }
}

struct UsageRow: Sendable, Equatable {
    /// Its beginning in milliseconds since the epoch.
    let day: Int64
    let user: String
    /// Empty without a key.
    let key: String
    let persona: String
    let model: String
    let sum: UsageSum
}

/// Runs, tokens and dollars together.
struct UsageSum: Sendable, Equatable {
    var runs: Int64 = 0
    /// Those among them that failed or were interrupted.
    var failed: Int64 = 0
    var input: Int64 = 0
    var output: Int64 = 0
    var reasoning: Int64 = 0
    var cached: Int64 = 0
    var cost = 0.0
    /// Runs whose price is known.
    var priced: Int64 = 0

    static func + (one: UsageSum, other: UsageSum) -> UsageSum {
        UsageSum(
            runs: one.runs + other.runs, failed: one.failed + other.failed, input: one.input + other.input,
            output: one.output + other.output, reasoning: one.reasoning + other.reasoning,
            cached: one.cached + other.cached, cost: one.cost + other.cost, priced: one.priced + other.priced)
    }

    /// As `/mgmt` and the hook `quota` show it.
    var shown: JSONObject {
        [
            "runs": .integer(runs), "failed": .integer(failed), "input_tokens": .integer(input),
            "output_tokens": .integer(output), "reasoning_tokens": .integer(reasoning),
            "cached_tokens": .integer(cached), "cost": .number(cost), "priced": .integer(priced),
        ]
    }
}
