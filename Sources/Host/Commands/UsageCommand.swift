import Runtime

extension Command {
    static let usage = Command(
        name: "usage", summary: "Shows what has been used: runs, tokens and dollars.",
        usage: "perigee usage [--by day,user,…] [--from DAY] [--to DAY] [--user USER] [--json] [NAME=value …]",
        details: """
              --by     what the sums are told by: day, user, key, persona, model; `user` if left out
              --from   the first day, as 2026-11-01; thirty days before the last if left out
              --to     the last day; today if left out
              --user   one user alone
              --json   what `GET /mgmt/usage` answers, for machines

            Days are those of UTC. A run counts on the day on which it ended.
            """, valued: ["--by", "--from", "--to", "--user"]
    ) { arguments in
        let chosen = ["--by", "--from", "--to", "--user"]
        try arguments.expect(options: chosen + ["--json"])
        let settings = try Settings.ofProcess(commandLine: arguments.settings)
        let query = chosen.compactMap { option in
            arguments[option].map { "\(option.dropFirst(2))=\(JobsReport.segment($0))" }
        }
        let path = "/mgmt/usage" + (query.isEmpty ? "" : "?\(query.joined(separator: "&"))")
        let answer = try ServerLink.with(settings) { try await $0.get(path) }
        try JobsReport.print(answer, arguments) { UsageReport.table($0) }
        return 0
    }
}

/// Usage as text for people.
enum UsageReport {
    static func table(_ answer: JSONValue) -> String {
        let axes = answer.list("by").compactMap(\.string)
        let rows = answer.list("usage")
        let period = "\(answer.text("from")) to \(answer.text("to"))"
        guard !rows.isEmpty else { return "nothing was used from \(period)\n" }
        let heads = axes.map { $0.uppercased() } + ["RUNS", "FAILED", "INPUT", "OUTPUT", "DOLLARS"]
        var lines = rows.map { row in axes.map { name(row.text($0)) } + figures(row) }
        if rows.count > 1, let total = answer["total"] {
            lines.append((axes.isEmpty ? [] : ["all"] + Array(repeating: "", count: axes.count - 1)) + figures(total))
        }
        return "\(period)\n\n" + SettingListing.columns([heads] + lines)
    }

    private static func name(_ word: String) -> String { word.isEmpty ? "–" : word }

    private static func figures(_ row: JSONValue) -> [String] {
        let counts = ["runs", "failed", "input_tokens", "output_tokens"].map { String(row[$0]?.integer ?? 0) }
        let priced = row["priced"]?.integer ?? 0
        let cents = ((row["cost"]?.number ?? 0) * 100).rounded()
        let whole = Int(cents)
        let part = whole % 100
        return counts + [priced == 0 ? "unknown" : "\(whole / 100).\(part < 10 ? "0" : "")\(part)"]
    }
}
