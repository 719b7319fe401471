import Runtime

/// Jobs and their runs as text for people.
enum JobsReport {
    static func list(_ answer: JSONValue) -> String {
        guard case .array(let jobs)? = answer["jobs"], !jobs.isEmpty else { return "no script declares a job\n" }
        let rows = jobs.map { job in
            [
                job.text("name"), state(job), job.text("schedule"), job["next"]?[0]?.string.map(moment) ?? "–",
                job["last"].map(ending) ?? "never ran", job.text("script"),
            ]
        }
        return SettingListing.columns([["JOB", "STATE", "SCHEDULE", "NEXT", "LAST", "SCRIPT"]] + rows)
    }

    static func job(_ job: JSONValue) -> String {
        var lines = [
            ["job", job.text("name")], ["script", "\(job.text("script")), generation \(job.number("generation"))"],
        ]
        if !job.text("description").isEmpty { lines.append(["for", job.text("description")]) }
        lines += [
            ["schedule", "\(job.text("schedule")) (\(job.text("tz")))"], ["state", state(job)],
            ["rules", "overlap \(job.text("overlap")), catch_up \(job.text("catch_up"))"],
        ]
        if case .array(let next)? = job["next"], !next.isEmpty {
            lines.append(["next", next.compactMap { $0.string.map(moment) }.joined(separator: "\n          ")])
        }
        let rows = job.list("history").map { run in
            [
                moment(run.text("started_at")), run.text("reason"), run.text("outcome"), took(run),
                run["plan"]?.integer.map { "plan \($0)" } ?? "", firstLine(run.text("message")),
            ]
        }
        let history =
            rows.isEmpty ? "" : "\n" + SettingListing.columns([["STARTED", "WHY", "OUTCOME", "TOOK", "", ""]] + rows)
        return SettingListing.columns(lines) + history
    }

    static func run(_ run: JSONValue) -> String {
        let message = run.text("message")
        let plan = run["plan"]?.integer.map { "; see `perigee gc --show \($0)`" } ?? ""
        return
            "\(run.text("job")): \(run.text("outcome")) after \(took(run))\(message.isEmpty ? "" : ": \(message)")\(plan)\n"
    }

    // MARK: for both reports

    /// `2026-11-21 14:33` of `2026-11-21T14:33:07Z`; seconds only where there are some.
    static func moment(_ text: String) -> String {
        let clock = text.replacing("T", with: " ").replacing("Z", with: "")
        return clock.hasSuffix(":00") ? String(clock.dropLast(3)) : clock
    }

    static func print(_ answer: JSONValue, _ arguments: Arguments, _ report: (JSONValue) -> String) throws {
        guard arguments.options.contains("--json") else { return Terminal.print(report(answer)) }
        Terminal.print(String(decoding: try JSON.encode(answer, style: .pretty), as: UTF8.self) + "\n")
    }

    /// Asks again, more and more slowly, until there is an answer.
    @Loop
    static func whenSettled(_ ask: () async throws -> JSONValue?) async throws -> JSONValue {
        var pause = Duration.milliseconds(50)
        while true {
            if let answer = try await ask() { return answer }
            try await Loop.sleep(for: pause)
            pause = min(pause * 2, .seconds(2))
        }
    }

    /// A name as one segment of a path.
    static func segment(_ name: String) -> String {
        name.utf8.reduce(into: "") { text, byte in
            switch byte {
            case 48...57, 65...90, 97...122, 45, 46, 95, 126: text.unicodeScalars.append(Unicode.Scalar(byte))
            default: text += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
    }

    private static func state(_ job: JSONValue) -> String {
        if let running = job["running"], running != .null { return "running" }
        if job["paused"]?.bool == true { return "paused" }
        return job["enabled"]?.bool == false ? "off" : "waiting"
    }

    private static func ending(_ run: JSONValue) -> String {
        run == .null ? "never ran" : "\(run.text("outcome")) \(moment(run.text("ended_at")))"
    }

    private static func took(_ run: JSONValue) -> String {
        run["took_ms"]?.integer.map { Units.describe(.milliseconds($0)) } ?? ""
    }

    private static func firstLine(_ text: String) -> String {
        String(text.prefix { $0 != "\n" }.prefix(100))
    }
}

extension JSONValue {
    /// For reports: what is missing is shown as nothing.
    func text(_ name: String) -> String { self[name]?.string ?? "" }
    func number(_ name: String) -> Int { self[name]?.integer ?? 0 }

    func list(_ name: String) -> [JSONValue] {
        if case .array(let elements)? = self[name] { elements } else { [] }
    }
}
