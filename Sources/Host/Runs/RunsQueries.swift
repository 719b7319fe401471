import Runtime

/// All SQL about runs, their events, asks and decisions.
enum RunsQueries {
    static let add: Query<Void> = """
        INSERT INTO runs (id, door, engine, user_key, workspace, persona, chat, lane, model, title, prompt, attended,
            decided, decisions, state, created_at, started_at, attempts, runner, session, message, usage, failure,
            waiting_for, unsure, meta, input, key_id)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?)
        """
    static let isThere = Query("SELECT 1 FROM runs WHERE id = ? AND ended_at IS NULL", Int64.self)
    /// What changes in the life of a run. One that has ended is never touched again.
    static let save: Query<Void> = """
        UPDATE runs SET state = ?, started_at = ?, attempts = ?, runner = ?, session = ?, message = ?, usage = ?,
            failure = ?, waiting_for = ?
        WHERE id = ? AND ended_at IS NULL
        """
    /// Its end, apart from the rest: the index by end is only written when it comes.
    static let end: Query<Void> = "UPDATE runs SET ended_at = ? WHERE id = ? AND ended_at IS NULL"

    static let run = Query(
        """
        SELECT id, door, engine, user_key, workspace, persona, chat, lane, model, title, prompt, attended, state,
            created_at, started_at, ended_at, attempts, runner, session, message, usage, failure, waiting_for,
            coalesce((SELECT last FROM run_events WHERE run = runs.id ORDER BY first DESC LIMIT 1), 0), meta, input
        FROM runs WHERE id = ?
        """, StoredRun.record)
    static let unfinished = Query(
        """
        SELECT id, door, engine, user_key, workspace, persona, chat, lane, model, title, prompt, attended, state,
            created_at, started_at, ended_at, attempts, runner, session, message, usage, failure, waiting_for,
            coalesce((SELECT last FROM run_events WHERE run = runs.id ORDER BY first DESC LIMIT 1), 0), meta, input
        FROM runs WHERE ended_at IS NULL ORDER BY id
        """, StoredRun.record)

    // Lists are without what the engine was given, which can be long.
    static let older = Query(
        """
        SELECT id, door, engine, user_key, workspace, persona, chat, lane, model, title, prompt, attended, state,
            created_at, started_at, ended_at, attempts, runner, session, message, usage, failure, waiting_for,
            coalesce((SELECT last FROM run_events WHERE run = runs.id ORDER BY first DESC LIMIT 1), 0), meta, ''
        FROM runs WHERE id < ? AND (? = '' OR user_key = ?) AND (? = '' OR chat = ?)
            AND (? = '' OR ? LIKE '%,' || state || ',%')
        ORDER BY id DESC LIMIT ?
        """, StoredRun.record)
    static let newer = Query(
        """
        SELECT id, door, engine, user_key, workspace, persona, chat, lane, model, title, prompt, attended, state,
            created_at, started_at, ended_at, attempts, runner, session, message, usage, failure, waiting_for,
            coalesce((SELECT last FROM run_events WHERE run = runs.id ORDER BY first DESC LIMIT 1), 0), meta, ''
        FROM runs WHERE id > ? AND (? = '' OR user_key = ?) AND (? = '' OR chat = ?)
            AND (? = '' OR ? LIKE '%,' || state || ',%')
        ORDER BY id LIMIT ?
        """, StoredRun.record)
    static let olderOfUser = Query(
        """
        SELECT id, door, engine, user_key, workspace, persona, chat, lane, model, title, prompt, attended, state,
            created_at, started_at, ended_at, attempts, runner, session, message, usage, failure, waiting_for,
            coalesce((SELECT last FROM run_events WHERE run = runs.id ORDER BY first DESC LIMIT 1), 0), meta, ''
        FROM runs WHERE user_key = ? AND id < ? AND (? = '' OR chat = ?)
            AND (? = '' OR ? LIKE '%,' || state || ',%')
        ORDER BY id DESC LIMIT ?
        """, StoredRun.record)
    static let olderOfChat = Query(
        """
        SELECT id, door, engine, user_key, workspace, persona, chat, lane, model, title, prompt, attended, state,
            created_at, started_at, ended_at, attempts, runner, session, message, usage, failure, waiting_for,
            coalesce((SELECT last FROM run_events WHERE run = runs.id ORDER BY first DESC LIMIT 1), 0), meta, ''
        FROM runs WHERE chat = ? AND id < ? AND (? = '' OR ? LIKE '%,' || state || ',%')
        ORDER BY id DESC LIMIT ?
        """, StoredRun.record)

    // MARK: events

    static let addEvents: Query<Void> = """
        INSERT INTO run_events (run, first, last, at, kind, data) VALUES (?, ?, ?, ?, ?, ?)
        """
    /// From the row that holds a number, or the first one behind it.
    static let events = Query(
        """
        SELECT run, first, last, at, kind, data FROM run_events
        WHERE run = ? AND last >= ?
            AND first >= coalesce((SELECT max(first) FROM run_events WHERE run = ? AND first <= ?), 0)
        ORDER BY first LIMIT ?
        """, EventRow.read)
    static let newestTexts = Query(
        """
        SELECT run, first, last, at, kind, data FROM run_events WHERE run = ? AND kind = 'text'
        ORDER BY first DESC LIMIT ?
        """, EventRow.read)
    static let said = Query(
        """
        SELECT run, first, last, at, kind, data FROM run_events WHERE run = ? AND kind IN ('text', 'reasoning')
        ORDER BY first
        """, EventRow.read)
    /// The same with what tools did.
    static let told = Query(
        """
        SELECT run, first, last, at, kind, data FROM run_events WHERE run = ? AND kind IN ('text', 'reasoning', 'tool')
        ORDER BY first
        """, EventRow.read)
    static let newestMoment = Query(
        "SELECT at FROM run_events WHERE run = ? ORDER BY first DESC LIMIT 1", Int64.self)
    static let unsure = Query("SELECT id FROM runs WHERE ended_at IS NULL AND unsure = 1", String.self)
    static let beUnsure: Query<Void> = "UPDATE runs SET unsure = 1 WHERE ended_at IS NULL"
    static let beSure: Query<Void> = "UPDATE runs SET unsure = 0 WHERE ended_at IS NULL"

    // MARK: asks

    static let ask: Query<Void> = """
        INSERT INTO run_asks (run, id, asked_at, ask) VALUES (?, ?, ?, ?)
        ON CONFLICT (run, id) DO UPDATE SET asked_at = excluded.asked_at, ask = excluded.ask, answered_at = NULL,
            answer = NULL
        """
    static let answer: Query<Void> =
        "UPDATE run_asks SET answered_at = ?, answer = ? WHERE run = ? AND id = ? AND answered_at IS NULL"
    static let answered = Query("SELECT answer FROM run_asks WHERE run = ? AND id = ?", String?.self)
    static let openAsks = Query(
        "SELECT ask FROM run_asks WHERE run = ? AND answered_at IS NULL ORDER BY asked_at, id", String.self)

    // MARK: decisions

    static let decide: Query<Void> = """
        INSERT INTO run_decisions (run, position, at, hook, generation, scripts, value)
        SELECT ?, coalesce(max(position), 0) + 1, ?, ?, ?, ?, ? FROM run_decisions WHERE run = ?
        """
    /// Those that it came with: when, and as `StoredRun.text` wrote them; nil for runs of before, which have rows.
    static let firstDecisions = Query("SELECT created_at, decisions FROM runs WHERE id = ?", Int64.self, String?.self)
    static let firstDecisionsInRows = Query(
        """
        SELECT at, hook, generation, scripts, value FROM run_decisions
        WHERE run = ? AND position <= (SELECT decided FROM runs WHERE id = run) ORDER BY position
        """, StoredRun.decision)
    static let laterDecisions = Query(
        """
        SELECT at, hook, generation, scripts, value FROM run_decisions
        WHERE run = ? AND position > (SELECT decided FROM runs WHERE id = run) ORDER BY position LIMIT ?
        """, StoredRun.decision)

    static let newestInChat = Query(
        "SELECT id, engine FROM runs WHERE chat = ? AND user_key = ? ORDER BY id DESC LIMIT 1", String.self,
        String.self)

    // MARK: pins

    static let pin: Query<Void> = "INSERT INTO run_pins (run, at) VALUES (?, ?) ON CONFLICT (run) DO NOTHING"
    static let unpin: Query<Void> = "DELETE FROM run_pins WHERE run = ?"
    static let pins = Query("SELECT run FROM run_pins ORDER BY run", String.self)
    static let isPinned = Query("SELECT 1 FROM run_pins WHERE run = ?", Int64.self)

    // MARK: removal

    static let standing = Query("SELECT ended_at FROM runs WHERE id = ?", Int64?.self)
    static let size = Query(
        "SELECT coalesce(sum(length(data)), 0) FROM run_events WHERE run = ?", Int64.self)
    static let dropEvents: Query<Void> = "DELETE FROM run_events WHERE run = ?"
    static let dropAsks: Query<Void> = "DELETE FROM run_asks WHERE run = ?"
    static let dropDecisions: Query<Void> = "DELETE FROM run_decisions WHERE run = ?"
    static let drop: Query<Void> = "DELETE FROM runs WHERE id = ? AND ended_at IS NOT NULL"
}
