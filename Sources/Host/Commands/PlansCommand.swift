import Runtime

extension Command {
    static let plans = Command(
        name: "plans", summary: "Shows what gc jobs of the running server would remove, or have removed.",
        usage: "perigee plans [JOB] [--json] [NAME=value …]",
        details: """
              --json   what `GET /mgmt/plans` answers, for machines

            A scheduled run of a gc job applies its plan at once; `perigee run-job NAME --plan` only makes one.
            """
    ) { arguments in
        try arguments.expect(options: ["--json"], words: 0...1)
        let settings = try Settings.ofProcess(commandLine: arguments.settings)
        let query = arguments.words.first.map { "?job=\(JobsReport.segment($0))" } ?? ""
        let answer = try ServerLink.with(settings) { try await $0.get("/mgmt/plans\(query)") }
        try JobsReport.print(answer, arguments) { PlansReport.list($0) }
        return 0
    }

    static let plan = Command(
        name: "plan", summary: "Shows one plan item by item, and applies it if asked.",
        usage: "perigee plan ID [--apply] [--json] [NAME=value …]",
        details: """
              --apply   removes exactly what the plan says, each item looked at again just before; once
              --json    what `GET /mgmt/plans/ID` answers, for machines

            A plan can be applied for a day. Ends with code 1 when something could not be removed.
            """
    ) { arguments in
        try arguments.expect(options: ["--apply", "--json"], words: 1...1)
        guard let id = Int64(arguments.words[0]) else {
            throw Fault(.invalidInput, "\"\(arguments.words[0])\" is not the number of a plan; see `perigee plans`")
        }
        let settings = try Settings.ofProcess(commandLine: arguments.settings)
        let path = "/mgmt/plans/\(id)"
        let isApplying = arguments.options.contains("--apply")
        let plan = try ServerLink.with(settings) { link in
            if isApplying {
                _ = try await link.post("\(path)/apply")
                _ = try await JobsReport.whenSettled {
                    let plan = try await link.get("\(path)?after=\(Int32.max)")
                    // A plain nil beside a JSON value would be JSON's null, which is an answer.
                    return plan["active"]?.bool == true ? Optional.none : plan
                }
            }
            return try await whole(path, link)
        }
        try JobsReport.print(plan, arguments) { PlansReport.plan($0) }
        return isApplying && (plan["failed"]?.integer ?? 0) > 0 ? 1 : 0
    }

    /// All pages of a plan as one.
    @Loop
    private static func whole(_ path: String, _ link: ServerLink) async throws -> JSONValue {
        var answer = try await link.get(path)
        guard case .object(var plan) = answer, case .array(var items)? = answer["items"] else { return answer }
        while answer["more"]?.bool == true, let last = items.last?["position"]?.integer {
            answer = try await link.get("\(path)?after=\(last)")
            guard case .array(let next)? = answer["items"], !next.isEmpty else { break }
            items += next
        }
        plan["items"] = .array(items)
        plan["more"] = false
        return .object(plan)
    }
}
