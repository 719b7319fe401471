import Runtime

/// What gc jobs would remove, shown before it is applied.
@Loop
struct PlansDoor: Door {
    let name = "plans"
    private let gate: Gate
    private let plans: () throws -> Plans

    private static let pageSize = 1000

    init(_ gate: Gate, _ jobs: @escaping () -> Jobs?) {
        self.gate = gate
        plans = { try served(jobs(), "plans").plans }
    }

    var endpoints: [Endpoint] {
        [
            Endpoint(
                method: .get, path: "/mgmt/plans", summary: "The newest plans; with ?job= those of one gc job.",
                answers: [200: "the plans, the newest first"],
                parameters: [.query("job", .text, "Only of this job."), .limit, .afterNumber], schema: .ref("Plans"),
                action: .task(list)),
            Endpoint(
                method: .get, path: "/mgmt/plans/{id}",
                summary: "One plan with its items, a thousand at a time; ?after= goes on behind a position.",
                answers: [200: "the plan", 404: "there is none of that number"],
                parameters: [.query("after", .integer(0...1_000_000_000), "A position in the plan."), .limit],
                schema: .ref("Plan"), action: .task(get)),
            Endpoint(
                method: .post, path: "/mgmt/plans/{id}/apply",
                summary: "Removes exactly what the plan says, each item looked at again just before. Once.",
                answers: [
                    202: "it has begun", 404: "there is no such plan", 409: "it was applied already, or is too old",
                ], schema: .ref("Plan"),
                action: .task(apply)),
        ]
    }

    private func list(_ request: Request) async throws -> Response {
        try gate.require(.manage, request)
        let plans = try plans()
        let active = plans.active
        let page = try Paging(request.query)
        let before = page.after.isEmpty ? Int64.max : Int64(try page.number)
        let found = try await plans.list(request.query["job"], before: before, limit: page.limit + 1)
        let (items, next) = page.cut(found) { String($0.id) }
        var answer = JSONWriter()
        answer.object { root in
            root.array("plans") { list in
                for plan in items { list.object { $0.put(plan, isActive: active.contains(plan.id)) } }
            }
            root.putNext(next)
        }
        return .json(answer.finish())
    }

    private func get(_ request: Request) async throws -> Response {
        try gate.require(.manage, request)
        let plans = try plans()
        // Asked first: a plan that is not being applied any more is then read in its last state.
        let active = plans.active
        let plan = try await plans.get(id(request))
        let page = try Paging(request.query, usual: PlansDoor.pageSize)
        let found = try await plans.items(of: plan.id, after: try page.number, limit: page.limit + 1)
        let (items, next) = page.cut(found) { String($0.position) }
        var answer = JSONWriter()
        answer.object { root in
            root.put(plan, isActive: active.contains(plan.id))
            root.array("items") { list in
                for item in items { list.object { $0.put(item) } }
            }
            root.member("more", next != nil)
            root.putNext(next)
        }
        return .json(answer.finish())
    }

    private func apply(_ request: Request) async throws -> Response {
        try gate.require(.manage, request)
        let plans = try plans()
        let id = try id(request)
        try await plans.startApplying(id)
        let active = plans.active
        let plan = try await plans.get(id)
        var answer = JSONWriter()
        answer.object { $0.put(plan, isActive: active.contains(id)) }
        return .json(answer.finish(), status: 202)
    }

    private func id(_ request: Request) throws -> Int64 {
        let text = request.parameters["id"] ?? ""
        guard let id = Int64(text) else {
            throw Fault(
                .notFound, "there is no plan \"\(text)\"", hint: "plans have numbers; `perigee gc --list` lists them")
        }
        return id
    }
}

extension JSONWriter {
    mutating func put(_ plan: PlanRecord, isActive: Bool) {
        member("id", Int(plan.id))
        member("job", plan.job)
        member("generation", plan.generation)
        member("made_at", JobTime.text(plan.madeAt))
        member("state", plan.state.rawValue)
        // Without it a plan that is `applying` was left by a process that ended, and can be gone on with.
        member("active", isActive)
        if let applied = plan.appliedAt { member("applied_at", JobTime.text(applied)) }
        member("removes", plan.removes)
        member("keeps", plan.keeps)
        member("bytes", Int(plan.bytes))
        member("removed", plan.removed)
        member("skipped", plan.skipped)
        member("failed", plan.failed)
        member("freed", Int(plan.freed))
    }

    fileprivate mutating func put(_ item: PlanItem) {
        member("position", item.position)
        member("action", item.entry.action.rawValue)
        member("kind", item.entry.kind)
        member("id", item.entry.id)
        member("label", item.entry.label)
        member("reason", item.entry.reason)
        if let bytes = item.entry.bytes { member("bytes", Int(bytes)) }
        if let since = item.entry.since { member("since", JobTime.text(since)) }
        if let outcome = item.outcome { member("outcome", outcome.rawValue) }
        if !item.message.isEmpty { member("message", item.message) }
        if let freed = item.freed { member("freed", Int(freed)) }
    }
}
