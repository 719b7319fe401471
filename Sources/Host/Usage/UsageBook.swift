import Runtime

/// What users have used, by day. It is written when runs end, and read for people and for the hook `quota`.
@Loop
final class UsageBook {
    private let store: Store
    private let now: @Loop () -> Int64
    /// Today's and this month's sums of users who ask often; they grow with each of their runs that ends.
    private var known: [String: (day: Int64, sums: Standing)] = [:]
    /// Of runs: what is read meanwhile may have one of them or not.
    private var endings = 0
    private static let mostKnown = 4096
    nonisolated static let mostRows = 100_000

    struct Standing: Sendable, Equatable {
        var today = UsageSum()
        var month = UsageSum()
    }

    init(_ store: Store, now: @escaping @Loop () -> Int64) {
        self.store = store
        self.now = now
    }

    /// Of one user, on this day and in this month.
    func standing(of user: String) async throws -> Standing {
        let today = UsageDay(of: now())
        if let known = known[user], known.day == today.start { return known.sums }
        let month = today.firstOfMonth
        let before = endings
        let sums = try await store.read { snapshot in
            try Standing(
                today: snapshot.one(UsageQueries.ofUser, user, today.start),
                month: snapshot.one(UsageQueries.ofUser, user, month.start))
        }
        if known.count >= UsageBook.mostKnown { known = [:] }
        if endings == before { known[user] = (today.start, sums) }
        return sums
    }

    /// A run has ended, and is written down.
    func ended(_ run: RunRecord) {
        endings += 1
        guard let entry = known[run.order.user] else { return }
        let day = UsageDay(of: run.endedAt ?? run.createdAt).start
        guard entry.day == day else { return known[run.order.user] = nil }
        let used = UsageSum(run)
        known[run.order.user]?.sums = Standing(today: entry.sums.today + used, month: entry.sums.month + used)
    }

    func rows(_ filter: UsageFilter) async throws -> [UsageRow] {
        let rows = try await store.read { snapshot in
            try snapshot.all(
                UsageQueries.between, filter.from.start, filter.to.next.start, filter.user, filter.user, filter.key,
                filter.key, filter.persona, filter.persona, filter.model, filter.model, UsageBook.mostRows + 1)
        }
        guard rows.count <= UsageBook.mostRows else {
            throw Fault(
                .tooLarge, "more than \(UsageBook.mostRows) rows of usage are asked for", hint: "ask for fewer days")
        }
        return rows
    }

    var today: UsageDay { UsageDay(of: now()) }

    /// In the transaction that ends a run.
    nonisolated static func count(_ run: RunRecord, at moment: Int64, _ transaction: Store.Transaction) throws {
        let sum = UsageSum(run)
        try transaction.run(
            UsageQueries.add, UsageDay(of: moment).start, run.order.input.model ?? run.order.model ?? "", sum.failed,
            sum.input, sum.output, sum.reasoning, sum.cached, sum.cost, sum.priced, run.id)
    }
}

extension UsageSum {
    /// What one run has used.
    fileprivate init(_ run: RunRecord) {
        let usage = run.usage
        self.init(
            runs: 1, failed: run.state == .failed || run.state == .interrupted ? 1 : 0, input: Int64(usage.input),
            output: Int64(usage.output), reasoning: Int64(usage.reasoning), cached: Int64(usage.cached),
            cost: usage.cost ?? 0, priced: usage.cost == nil ? 0 : 1)
    }
}
