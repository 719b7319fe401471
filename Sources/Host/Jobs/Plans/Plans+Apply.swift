import Runtime

extension Plans {
    /// Removes what a claimed plan says, item by item, each looked at again just before. Cancellation ends it between
    /// two items; what has been done is written down in any case, and the rest can be gone on with.
    func apply(_ id: Int64) async throws -> PlanRecord {
        while true {
            try Task.checkCancellation()
            let step = try await ledger.store.read { try $0.all(PlansQueries.due, id, Plans.stepSize) }
            guard !step.isEmpty else { break }
            try await ledger.write { transaction in
                for item in step where item.outcome == nil {
                    try transaction.run(PlansQueries.intend, id, item.position)
                }
            }
            let done = await carryOut(step, of: id)
            try await record(done, of: id)
            guard done.count == step.count else { throw Fault.cancelled }
        }
        try await ledger.write { try $0.run(PlansQueries.finish, PlanRecord.State.applied, id) }
        let plan = try await get(id)
        onChange?(plan)
        return plan
    }

    /// Those that got their outcome, up to the moment of a cancellation.
    private func carryOut(_ items: [PlanItem], of plan: Int64) async -> [PlanItem] {
        var done: [PlanItem] = []
        for item in items {
            if Task.isCancelled { break }
            var item = item
            do {
                try await decide(&item)
            } catch {
                let fault = Fault(error)
                if fault.kind == .cancelled || Task.isCancelled { break }
                item.outcome = .failed
                item.message = fault.description
            }
            tell(item, of: plan)
            done.append(item)
        }
        return done
    }

    private func decide(_ item: inout PlanItem) async throws {
        guard let target = targets[item.entry.kind] else {
            item.outcome = .skipped
            item.message = "nothing of kind \"\(item.entry.kind)\" can be removed by this Perigee"
            return
        }
        switch try await target.check(item.entry) {
        case .removable:
            item.freed = try await target.remove(item.entry)
            item.outcome = .removed
        case .stays(let why):
            item.outcome = .skipped
            item.message = why
        case .gone where item.outcome == .removing:
            item.outcome = .removed
            item.message = "removed before the interruption"
        case .gone:
            item.outcome = .skipped
            item.message = "it is gone already"
        }
    }

    private func record(_ items: [PlanItem], of plan: Int64) async throws {
        let freed = items.reduce(Int64(0)) { $0 + ($1.freed ?? 0) }
        func count(_ outcome: PlanItem.Outcome) -> Int { items.count { $0.outcome == outcome } }
        let (removed, skipped, failed) = (count(.removed), count(.skipped), count(.failed))
        self.freed?.add(Int(max(0, freed)))
        try await ledger.write { transaction in
            for item in items {
                try transaction.run(
                    PlansQueries.record, item.outcome, item.message, item.freed, plan, item.position)
            }
            try transaction.run(PlansQueries.sum, removed, skipped, failed, freed, plan)
        }
    }

    private func tell(_ item: PlanItem, of plan: Int64) {
        var fields: LogFields = [
            "plan": LogValue(plan), "kind": LogValue(item.entry.kind), "item": LogValue(item.entry.id),
            "label": LogValue(item.entry.label), "reason": LogValue(item.entry.reason),
        ]
        switch item.outcome {
        case .removed:
            fields["freed"] = LogValue(item.freed ?? 0)
            log.info("removed", fields)
        case .failed:
            fields["error"] = LogValue(item.message)
            log.warning("not removed", fields)
        default:
            fields["why"] = LogValue(item.message)
            log.info("left alone", fields)
        }
    }
}
