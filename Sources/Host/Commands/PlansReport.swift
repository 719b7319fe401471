import Runtime

/// Plans as text for people.
enum PlansReport {
    static func list(_ answer: JSONValue) -> String {
        let plans = answer.list("plans")
        guard !plans.isEmpty else { return "there are no plans; `perigee gc` makes some\n" }
        let rows = plans.map { plan in
            [
                "\(plan.number("id"))", plan.text("job"), JobsReport.moment(plan.text("made_at")), plan.text("state"),
                "\(plan.number("removes"))", "\(plan.number("keeps"))", outcome(plan),
            ]
        }
        return SettingListing.columns([["PLAN", "JOB", "MADE", "STATE", "REMOVES", "KEEPS", "OUTCOME"]] + rows)
    }

    static func plan(_ plan: JSONValue) -> String {
        let head =
            "plan \(plan.number("id")) of \(plan.text("job")), made \(JobsReport.moment(plan.text("made_at"))): "
            + "\(plan.text("state")); removes \(plan.number("removes")), keeps \(plan.number("keeps"))"
            + (plan.number("bytes") > 0 ? ", about \(Units.describe(bytes: plan.number("bytes")))" : "") + "\n"
        let rows = plan.list("items").map { item in
            [
                item.text("action"), item.text("kind"), item.text("label"),
                item["bytes"]?.integer.map { Units.describe(bytes: $0) } ?? "", item.text("outcome"),
                item.text("message").isEmpty ? item.text("reason") : "\(item.text("reason")); \(item.text("message"))",
            ]
        }
        let items = rows.isEmpty ? "" : "\n" + SettingListing.columns(rows)
        return head + items + "\n" + advice(plan) + "\n"
    }

    private static func advice(_ plan: JSONValue) -> String {
        switch plan.text("state") {
        case "open": "`perigee gc --apply \(plan.number("id"))` removes exactly this"
        case "applying" where plan["active"]?.bool == false:
            "\(outcome(plan)); it was interrupted: `perigee gc --apply \(plan.number("id"))` goes on with it"
        default: outcome(plan)
        }
    }

    private static func outcome(_ plan: JSONValue) -> String {
        guard plan.text("state") == "applied" || plan.text("state") == "applying" else { return "" }
        var parts = ["removed \(plan.number("removed"))", "freed \(Units.describe(bytes: plan.number("freed")))"]
        if plan.number("skipped") > 0 { parts.append("skipped \(plan.number("skipped"))") }
        if plan.number("failed") > 0 { parts.append("failed \(plan.number("failed"))") }
        return parts.joined(separator: ", ")
    }
}
