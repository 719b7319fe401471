import Runtime

extension Command {
    static let gc = Command(
        name: "gc", summary: "Shows what clean-up would remove, and removes it if asked.",
        usage: "perigee gc [JOB …] [--plan] | --apply [ID] [JOB …] | --show ID | --list [JOB]  [--json] [NAME=value …]",
        details: """
              --plan       only makes plans and shows them, of all gc jobs or of those that are named; the default
              --apply ID   removes exactly what the plan says, each item looked at again just before; once
              --apply      without a number makes fresh plans and applies them at once
              --show ID    one plan, item by item, and what became of it
              --list       the plans of before
              --json       what the server answers, for machines

            A plan can be applied for a day. Ends with code 1 when something could not be removed.
            """
    ) { arguments in
        try arguments.expect(
            options: ["--plan", "--apply", "--show", "--list", "--json"], words: 0...100)
        let settings = try Settings.ofProcess(commandLine: arguments.settings)
        let chosen = ["--plan", "--apply", "--show", "--list"].filter { arguments.options.contains($0) }
        guard chosen.count < 2 else {
            throw Fault(.invalidInput, "\(chosen.joined(separator: " and ")) contradict each other")
        }
        switch chosen.first {
        case "--show": return try GCReport.show(arguments, settings)
        case "--list": return try GCReport.list(arguments, settings)
        case "--apply":
            if let id = arguments.words.first, Int64(id) != nil { return try GCReport.apply(arguments, settings) }
            return try GCReport.clean(arguments, settings, plansOnly: false)
        default: return try GCReport.clean(arguments, settings, plansOnly: true)
        }
    }
}

/// What `perigee gc` does, and shows.
enum GCReport {
    static func clean(_ arguments: Arguments, _ settings: Settings, plansOnly: Bool) throws -> Int32 {
        var order: JSONObject = ["plan": .bool(plansOnly)]
        if !arguments.words.isEmpty { order["jobs"] = .array(arguments.words.map { .string($0) }) }
        let body = try JSON.encode(JSONValue.object(order))
        let round = try ServerLink.with(settings) { link in
            var round = try await link.post("/mgmt/gc", body)
            if round["done"]?.bool != true {
                round = try await JobsReport.whenSettled {
                    let round = try await link.get("/mgmt/gc")
                    // A plain nil beside a JSON value would be JSON's null, which is an answer.
                    return round["done"]?.bool == true ? round : Optional.none
                }
            }
            guard case .object(var shown) = round else { return round }
            var steps: [JSONValue] = []
            for step in round.list("jobs") { steps.append(try await filled(step, link)) }
            shown["jobs"] = .array(steps)
            return .object(shown)
        }
        try JobsReport.print(round, arguments) { text($0) }
        let hasFailed = round.list("jobs").contains { step in
            ["failed", "timed_out"].contains(step.text("outcome")) || (step["plan"]?.number("failed") ?? 0) > 0
        }
        return hasFailed ? 1 : 0
    }

    static func show(_ arguments: Arguments, _ settings: Settings) throws -> Int32 {
        let path = try path(arguments)
        let plan = try ServerLink.with(settings) { try await whole(path, $0) }
        try JobsReport.print(plan, arguments) { PlansReport.plan($0) }
        return 0
    }

    static func list(_ arguments: Arguments, _ settings: Settings) throws -> Int32 {
        let query = arguments.words.first.map { "?job=\(JobsReport.segment($0))" } ?? ""
        let answer = try ServerLink.with(settings) { try await $0.get("/mgmt/plans\(query)") }
        try JobsReport.print(answer, arguments) { PlansReport.list($0) }
        return 0
    }

    static func apply(_ arguments: Arguments, _ settings: Settings) throws -> Int32 {
        let path = try path(arguments)
        let plan = try ServerLink.with(settings) { link in
            _ = try await link.post("\(path)/apply")
            _ = try await JobsReport.whenSettled {
                let plan = try await link.get("\(path)?after=1000000000")
                // A plain nil beside a JSON value would be JSON's null, which is an answer.
                return plan["active"]?.bool == true ? Optional.none : plan
            }
            return try await whole(path, link)
        }
        try JobsReport.print(plan, arguments) { PlansReport.plan($0) }
        return plan.number("failed") > 0 ? 1 : 0
    }

    private static func path(_ arguments: Arguments) throws -> String {
        guard arguments.words.count == 1, let id = Int64(arguments.words[0]) else {
            throw Fault(
                .invalidInput, "\"\(arguments.words.joined(separator: " "))\" is not the number of a plan",
                hint: "`perigee gc --list` shows them")
        }
        return "/mgmt/plans/\(id)"
    }

    /// A step with all items of its plan.
    @Loop
    private static func filled(_ step: JSONValue, _ link: ServerLink) async throws -> JSONValue {
        guard case .object(var shown) = step, let id = step["plan"]?["id"]?.integer else { return step }
        shown["plan"] = try await whole("/mgmt/plans/\(id)", link)
        return .object(shown)
    }

    /// All pages of a plan as one.
    @Loop
    private static func whole(_ path: String, _ link: ServerLink) async throws -> JSONValue {
        var answer = try await link.get(path)
        guard case .object(var plan) = answer, case .array(var items)? = answer["items"] else { return answer }
        while let next = answer["next"]?.string {
            answer = try await link.get("\(path)?after=\(next)")
            guard case .array(let page)? = answer["items"], !page.isEmpty else { break }
            items += page
        }
        plan["items"] = .array(items)
        plan["more"] = false
        plan["next"] = .null
        return .object(plan)
    }

    // MARK: as text

    private static func text(_ round: JSONValue) -> String {
        let steps = round.list("jobs")
        guard !steps.isEmpty else { return "there are no gc jobs\n" }
        let moves = steps.flatMap { step in
            (step["plan"]?.list("items") ?? []).filter { $0.text("action") == "remove" }.map { row(step, $0) }
        }
        let table =
            moves.isEmpty
            ? "" : SettingListing.columns([["JOB", "KIND", "WHAT", "SIZE", "UNUSED", "WHY"]] + moves) + "\n"
        let sums = steps.map { step -> [String] in
            let plan = step["plan"]
            return [
                step.text("job"), plan.map { "plan \($0.number("id"))" } ?? "–", step.text("outcome"),
                step.text("message"),
            ]
        }
        return table + SettingListing.columns(sums) + advice(round, steps)
    }

    private static func row(_ step: JSONValue, _ item: JSONValue) -> [String] {
        let reason =
            item.text("message").isEmpty ? item.text("reason") : "\(item.text("reason")); \(item.text("message"))"
        return [
            step.text("job"), item.text("kind"), item.text("label"),
            item["bytes"]?.integer.map { Units.describe(bytes: $0) } ?? "", age(item.text("since")), reason,
        ]
    }

    /// How long ago a moment was that is written as `2026-11-21T14:33:07Z`.
    private static func age(_ text: String) -> String {
        guard let then = JobTime.seconds(text) else { return "" }
        let seconds = max(0, Access.seconds() - then)
        switch seconds {
        case ..<120: return "\(seconds)s"
        case ..<7200: return "\(seconds / 60)m"
        case ..<172_800: return "\(seconds / 3600)h"
        default: return "\(seconds / 86_400)d"
        }
    }

    private static func advice(_ round: JSONValue, _ steps: [JSONValue]) -> String {
        guard round["plan"]?.bool == true else {
            return "\nremoved \(round.number("pruned")), freed \(Units.describe(bytes: round.number("freed")))\n"
        }
        let bytes = steps.reduce(0) { $0 + ($1["plan"]?.number("bytes") ?? 0) }
        let removes = steps.reduce(0) { $0 + ($1["plan"]?.number("removes") ?? 0) }
        guard removes > 0 else { return "\nthere is nothing to remove\n" }
        return "\nwould remove \(removes), about \(Units.describe(bytes: bytes)); nothing has been removed: "
            + "`perigee gc --apply ID` applies one plan, `perigee gc --apply` all\n"
    }
}
