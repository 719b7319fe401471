import Runtime

/// One-time tickets for WebSockets of pages, which cannot send a key: each opens one stream of one run, once and soon.
/// They live in memory: after a restart a page asks for another.
@Loop
final class TaskTickets {
    nonisolated static let lifetime = Duration.seconds(30)
    /// More that nobody has used are not kept.
    nonisolated static let most = 10_000

    private struct Ticket {
        let entry: TaskEntry
        let due: Instant
    }

    private var tickets: [[UInt8]: Ticket] = [:]

    func issue(for entry: TaskEntry) throws -> String {
        let now = Loop.now
        tickets = tickets.filter { $0.value.due > now }
        guard tickets.count < TaskTickets.most else {
            throw Fault(.overBudget, "\(TaskTickets.most) tickets wait to be used", hint: "ask again in a moment")
        }
        let text = Random.token()
        tickets[SHA256.hash(text)] = Ticket(entry: entry, due: now + TaskTickets.lifetime)
        return text
    }

    /// Used up by being looked at, whether it opens this or not.
    func use(_ text: String, for id: String) throws -> TaskEntry {
        guard let ticket = tickets.removeValue(forKey: SHA256.hash(text)), ticket.due > Loop.now,
            id == ticket.entry.run || id == ticket.entry.name
        else {
            throw Fault(
                .unauthenticated, "the ticket is not good: it opens one stream, once, within 30 seconds",
                hint: "POST /tasks/\(id)/ticket gives another")
        }
        return ticket.entry
    }
}
