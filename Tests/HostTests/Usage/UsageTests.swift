import FakeOpencode
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("usage and quotas")
@Loop
struct UsageTests {
    private static let day: Int64 = 86_400_000

    @Test("days are those of UTC, and are read as they are written")
    func days() throws {
        let day = try #require(UsageDay("2024-02-29"))
        #expect(day.text == "2024-02-29" && day.next.text == "2024-03-01" && day.firstOfMonth.text == "2024-02-01")
        #expect(UsageDay(of: day.start + Self.day - 1) == day && UsageDay(of: -1).text == "1969-12-31")
        for bad in ["", "2024-02-30", "2024-2-29", "24-02-29", "2024-13-01", "2024-02-29T", "2024--2-29"] {
            #expect(UsageDay(bad) == nil, "\(bad)")
        }
    }

    @Test("filters are read from a query, and a wrong one is told")
    func filters() throws {
        let today = try #require(UsageDay("2026-01-31"))
        let usual = try UsageFilter(QueryFields(""), today: today)
        #expect(usual.from.text == "2026-01-02" && usual.to == today && usual.axes == [.user])
        let chosen = try UsageFilter(QueryFields("from=2026-01-01&to=2026-01-02&by=day,model&user=ann"), today: today)
        #expect(chosen.from.text == "2026-01-01" && chosen.axes == [.day, .model] && chosen.user == "ann")
        for bad in ["from=yesterday", "from=2026-02-01&to=2026-01-01", "by=users"] {
            #expect(throws: Fault.self) { try UsageFilter(QueryFields(bad), today: today) }
        }
    }

    @Test("each run counts once when it ends, on that day, for its user, key, persona and model")
    func counts() async throws {
        let house = RunsHarness()
        house.stage.act = { attempt in
            try await attempt.begins()
            attempt.report(.usage(Usage(input: 10, output: 5, cached: 4, cost: 0.5)))
            if attempt.run.order.prompt == "fail" { throw RunFailure(.agentFailed, "no") }
        }
        house.rules.hooks["recover"] = { _ in ["action": "give_up"] }
        try await house.open()
        var order = house.order("hello", user: "ann")
        order.key = "k1"
        order.persona = "izzy"
        order.model = "open-persona/izzy"
        _ = try await house.carryOut(order)
        order.input.model = "a/b"
        _ = try await house.carryOut(order)
        _ = try await house.carryOut(house.order("fail", user: "bob"))

        let book = UsageBook(house.store, now: Runs.wallClock)
        let rows = try await book.rows(UsageFilter(today: book.today))
        #expect(
            rows.map { [$0.user, $0.key, $0.persona, $0.model] } == [
                ["ann", "k1", "izzy", "a/b"], ["ann", "k1", "izzy", "open-persona/izzy"], ["bob", "", "", ""],
            ])
        #expect(rows[0].sum == UsageSum(runs: 1, input: 10, output: 5, cached: 4, cost: 0.5, priced: 1))
        #expect(rows[2].sum.failed == 1 && rows[2].sum.runs == 1)
        let ann = try await book.standing(of: "ann")
        #expect(ann.today.runs == 2 && ann.today.cost == 1 && ann.month == ann.today)

        // What the books know already is not counted again after a restart.
        await house.close()
        try await house.open()
        let again = UsageBook(house.store, now: Runs.wallClock)
        #expect(try await again.rows(UsageFilter(today: again.today)) == rows)
        let filter = try UsageFilter(QueryFields("by=user"), today: again.today)
        #expect(filter.grouped(rows).map(\.words) == [["ann"], ["bob"]] && filter.grouped(rows)[0].sum == ann.today)

        // A run that ends is added to what is known of its user, as if it had been read again.
        _ = try await again.standing(of: "ann")
        again.ended(try await house.carryOut(order))
        let fresh = try await UsageBook(house.store, now: Runs.wallClock).standing(of: "ann")
        #expect(try await again.standing(of: "ann") == fresh && fresh.today.runs == 3)
        await house.close()
    }

    @Test("what was used is told to its user and to the owner; a quota refuses before anything is accepted")
    func program() async throws {
        let scripts = TemporaryDirectory()
        scripts.write(
            """
            --- Two runs a day.
            local limits = require "limits"
            return { quota = function(demand) return limits.judge(demand, { runs_today = 2 }) end }
            """, to: "hooks/quota.lua")
        try await ChatBed.with(["PERIGEE_SCRIPTS=\(scripts.path)"]) { bed in
            for _ in 1...2 { #expect(try await bed.chat(["tokens 100 20; say hi"]).text == "hi") }
            let refused = try await bed.chat(["say hi"])
            #expect(
                refused.status == 429 && refused.body.contains("your 2 runs of today are used up"), "\(refused.body)")
            #expect(bed.fake.prompts.count == 2)
            let runs = try await bed.get("/mgmt/runs").json["runs"]
            #expect(runs.count == 2)
            let why = try await bed.get("/mgmt/runs/\(runs[0]["id"].string ?? "")/why").json["decisions"].elements
            #expect(why.first { $0["hook"].equals("quota") }?["reason"].string == "within the limits")

            let pin = "/mgmt/runs/\(runs[0]["id"].string ?? "")/pin"
            #expect(try await bed.put(pin, [:]).status == 200)
            #expect(try await bed.put("/mgmt/runs/0/pin", [:]).status == 404)

            let me = try await bed.get("/mgmt/me").json
            #expect(me["user"].equals("anonymous") && me["trusted"].bool == true && me["key"].isNull)
            #expect(me["workspace"].string == Workspace.id(of: "anonymous"))
            #expect(me["usage"]["today"]["runs"].integer == 2, "\(me.value as Any)")
            #expect(me["usage"]["month"]["output_tokens"].integer == 40)

            let usage = try await bed.get("/mgmt/usage?by=user,persona").json
            #expect(usage["usage"].count == 1 && usage["usage"][0]["persona"].equals("build"))
            #expect(usage["usage"][0]["runs"].integer == 2 && usage["total"]["input_tokens"].integer == 200)
            #expect(try await bed.get("/mgmt/usage?by=moon").status == 400)
            let text = UsageReport.table(usage.value ?? .null)
            #expect(text.contains("USER       PERSONA  RUNS") && text.contains("anonymous  build"), "\(text)")
        }
    }

    @Test("who asks is told to every good key, also to one that may not chat")
    func keys() async throws {
        try await ChatBed.with { bed in
            let made = try await bed.post(
                "/mgmt/keys", ["name": "ops", "user": "olga", "scopes": ["manage"]])
            let token = try #require(made.chunks.first?["token"].string ?? made.chunks.first?["key"].string)
            let me = try await bed.get("/mgmt/me", headers: [("Authorization", "Bearer \(token)")])
            #expect(me.status == 200 && me.json["user"].equals("olga"), "\(me.json.value as Any)")
            #expect(me.json["key"]["scopes"][0].equals("manage") && !"\(me.json.value as Any)".contains(token))
            #expect(try await bed.get("/mgmt/me", headers: [("Authorization", "Bearer pk_wrong")]).status == 401)
        }
    }
}
