import Runtime

/// All SQL about gc plans and their items.
enum PlansQueries {
    static let begin = Query(
        """
        INSERT INTO plans (id, job, generation, made_at, state, removes, keeps, bytes)
        SELECT coalesce(max(id), 0) + 1, ?, ?, ?, 'building', ?, ?, ? FROM plans RETURNING id
        """, Int64.self)
    static let add: Query<Void> = """
        INSERT INTO plan_items (plan, position, action, kind, id, label, reason, bytes, stamp, since, message)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '')
        """
    static let open: Query<Void> = "UPDATE plans SET state = 'open' WHERE id = ? AND state = 'building'"

    /// Plans that no process finished writing; nobody has seen them.
    static let dropHalfItems: Query<Void> = """
        DELETE FROM plan_items WHERE plan IN (SELECT id FROM plans WHERE state = 'building')
        """
    static let dropHalf: Query<Void> = "DELETE FROM plans WHERE state = 'building'"
    static let expire: Query<Void> = "UPDATE plans SET state = 'expired' WHERE state = 'open' AND made_at < ?"

    /// Ids of all but the newest of a job; one that is being applied stays.
    static let old = Query(
        """
        SELECT id FROM plans WHERE job = ? AND state IN ('applied', 'expired') AND id <= (
            SELECT coalesce(min(id), 0) - 1 FROM (
                SELECT id FROM plans WHERE job = ? ORDER BY id DESC LIMIT ?) AS newest)
        """, Int64.self)
    static let dropItems: Query<Void> = "DELETE FROM plan_items WHERE plan = ?"
    static let drop: Query<Void> = "DELETE FROM plans WHERE id = ?"

    /// Changes nothing unless the plan is open: of two who ask, one gets it.
    static let claim: Query<Void> =
        "UPDATE plans SET state = 'applying', applied_at = ? WHERE id = ? AND state = 'open'"
    static let interrupted = Query(
        "SELECT id, applied_at FROM plans WHERE state = 'applying' ORDER BY id", Int64.self, Int64?.self)
    static let finish: Query<Void> = "UPDATE plans SET state = ? WHERE id = ? AND state = 'applying'"
    static let intend: Query<Void> = "UPDATE plan_items SET outcome = 'removing' WHERE plan = ? AND position = ?"
    static let record: Query<Void> = """
        UPDATE plan_items SET outcome = ?, message = ?, freed = ? WHERE plan = ? AND position = ?
        """
    static let sum: Query<Void> = """
        UPDATE plans SET removed = removed + ?, skipped = skipped + ?, failed = failed + ?, freed = freed + ? WHERE id = ?
        """

    static let plan = Query(
        """
        SELECT id, job, generation, made_at, state, applied_at, removes, keeps, bytes, removed, skipped, failed, freed
        FROM plans WHERE id = ? AND state <> 'building'
        """, planRecord)
    static let plans = Query(
        """
        SELECT id, job, generation, made_at, state, applied_at, removes, keeps, bytes, removed, skipped, failed, freed
        FROM plans WHERE state <> 'building' AND id < ? ORDER BY id DESC LIMIT ?
        """, planRecord)
    static let plansOfJob = Query(
        """
        SELECT id, job, generation, made_at, state, applied_at, removes, keeps, bytes, removed, skipped, failed, freed
        FROM plans WHERE job = ? AND state <> 'building' AND id < ? ORDER BY id DESC LIMIT ?
        """, planRecord)
    static let newest = Query("SELECT coalesce(max(id), 0) FROM plans", Int64.self)

    static let items = Query(
        """
        SELECT position, action, kind, id, label, reason, bytes, stamp, since, outcome, message, freed
        FROM plan_items
        WHERE plan = ? AND position > ? ORDER BY position LIMIT ?
        """, item)
    /// What has no final outcome yet.
    static let due = Query(
        """
        SELECT position, action, kind, id, label, reason, bytes, stamp, since, outcome, message, freed
        FROM plan_items
        WHERE plan = ? AND action = 'remove' AND (outcome IS NULL OR outcome = 'removing')
        ORDER BY position LIMIT ?
        """, item)

    @Sendable
    private static func planRecord(_ row: inout Row) throws -> PlanRecord {
        try PlanRecord(
            id: row.next(), job: row.next(), generation: row.next(), madeAt: row.next(), state: row.next(),
            appliedAt: row.next(), removes: row.next(), keeps: row.next(), bytes: row.next(), removed: row.next(),
            skipped: row.next(), failed: row.next(), freed: row.next())
    }

    @Sendable
    private static func item(_ row: inout Row) throws -> PlanItem {
        let position: Int = try row.next()
        let entry = try PlanEntry(
            action: row.next(), kind: row.next(), id: row.next(), label: row.next(String.self), reason: row.next(),
            bytes: row.next(), stamp: row.next(), since: row.next())
        return try PlanItem(
            position: position, entry: entry, outcome: row.next(), message: row.next(), freed: row.next())
    }
}

/// One stored line of a plan, with what became of it.
struct PlanItem: Sendable, Equatable {
    enum Outcome: String, Sendable, Storable {
        /// Begun; after a kill nobody knows whether it was done, so it is looked at again.
        case removing
        case removed, skipped, failed
    }

    let position: Int
    let entry: PlanEntry
    var outcome: Outcome?
    var message = ""
    var freed: Int64?
}
