import LuaBridge
import Testing

@testable import Runtime

@Suite("host.metrics")
@Loop
struct MetricsModuleTests {
    private let world = bareWorld()

    private func run(_ text: String) async throws {
        try await ModuleHarness(.metrics(world)).run("local metrics = require 'host.metrics' " + text)
    }

    private func mistake(_ text: String) async throws -> String {
        try await ModuleHarness(.metrics(world)).mistake("local metrics = require 'host.metrics' " + text)
    }

    private func text() throws -> PrometheusText { try PrometheusText(world.metrics.text()) }

    @Test("counters, gauges and histograms count under a name of their own")
    func kinds() async throws {
        try await run(
            """
            local removed = metrics.counter("removed", { help = "Removed things." })
            removed:add()
            removed:add(4)
            local free = metrics.gauge("free_bytes")
            free:set(10.5)
            free:add(-3)
            local took = metrics.histogram("took_seconds", { buckets = { 1, 2.5 } })
            took:observe(0.5)
            took:observe(2)
            took:observe(99)
            """)
        let text = try text()
        #expect(text["perigee_script_removed", [:]] == 5)
        #expect(text.help["perigee_script_removed"] == "Removed things.")
        #expect(text["perigee_script_free_bytes", [:]] == 7.5)
        #expect(text["perigee_script_took_seconds_bucket", ["le": "2.5"]] == 2)
        #expect(text["perigee_script_took_seconds_count", [:]] == 3)
    }

    @Test("each set of labels is counted by itself, in whatever order they are written")
    func labels() async throws {
        try await run(
            """
            local removed = metrics.counter("removed", { labels = { "root", "dry" } })
            removed:add(1, { root = "state", dry = true })
            removed:add(2, { dry = true, root = "state" })
            removed:add(5, { root = 7, dry = false })
            metrics.gauge("free", { labels = { "root" } }):set(1, { root = 'a "quoted"\\n' })
            metrics.histogram("took", { labels = { "root" } }):observe(1, { root = "x" })
            """)
        let text = try text()
        #expect(text["perigee_script_removed", ["root": "state", "dry": "true"]] == 3)
        #expect(text["perigee_script_removed", ["root": "7", "dry": "false"]] == 5)
        #expect(text["perigee_script_free", ["root": "a \"quoted\"\n"]] == 1)
        #expect(text["perigee_script_took_count", ["root": "x"]] == 1)
    }

    @Test("the next generation goes on counting where the last one stopped")
    func generations() async throws {
        for _ in 0..<3 { try await run("metrics.counter('seen', { labels = { 'x' } }):add(2, { x = 'a' })") }
        #expect(try text()["perigee_script_seen", ["x": "a"]] == 6)
    }

    @Test("too many sets of labels become one, and too many names are refused")
    func bounds() async throws {
        try await run(
            """
            local seen = metrics.counter("seen", { labels = { "id" } })
            for i = 1, 1000 do seen:add(1, { id = i }) end
            """)
        let seen = try text().samples.filter { $0.name == "perigee_script_seen" }
        #expect(seen.count == Metrics.seriesLimit + 1)
        #expect(try text()["perigee_script_seen", ["id": "other"]] == Double(1000 - Metrics.seriesLimit))
        let message = try await mistake("for i = 1, 1000 do metrics.counter('c' .. i) end")
        #expect(message == "there are \(ScriptMetric.limit) metrics of scripts already, which is the most")
    }

    @Test(
        "mistakes say what is wrong and what would be right",
        arguments: [
            (
                "metrics.counter('Bad')",
                "bad argument #1 'name' to 'host.metrics.counter' (a metric's name such as \"trash_removed\" expected, "
                    + "got \"Bad\")"
            ),
            (
                "metrics.gauge('a') metrics.counter('a')",
                "the metric 'a' is a gauge already, not a counter"
            ),
            (
                "metrics.counter('a', { labels = { 'x' } }) metrics.counter('a', { labels = { 'y' } })",
                "the metric 'a' has other labels (x) already, which stay until Perigee starts anew: "
                    + "give a changed metric a new name"
            ),
            (
                "metrics.counter('a', { labels = { 'root' } }):add(1, { rooot = 'x' })",
                "bad argument #2 'labels' to 'host.metrics.Counter:add': the metric 'a' has no label 'rooot'; "
                    + "did you mean 'root'?"
            ),
            (
                "metrics.counter('a', { labels = { 'root' } }):add(1)",
                "bad argument #2 'labels' to 'host.metrics.Counter:add': the metric 'a' needs its label 'root'"
            ),
            (
                "metrics.histogram('a', { buckets = { 2, 1 } })",
                "bad argument #2 'options' to 'host.metrics.histogram': "
                    + "field 'buckets' must be 1 to 64 numbers that rise"
            ),
            (
                "metrics.counter('a', { labels = { 'x', 'x' } })",
                "bad argument #2 'options' to 'host.metrics.counter': "
                    + "field 'labels' must be at most 5 names, each its own"
            ),
            (
                "metrics.gauge('a'):set()",
                "bad argument #1 'value' to 'host.metrics.Gauge:set' (a number expected, got nothing)"
            ),
        ])
    func mistakes(_ text: String, _ message: String) async throws {
        let seen = try await mistake(text)
        #expect(seen == message)
    }

    @Test("a counter does not go down, and names that histograms use are theirs")
    func refused() async throws {
        #expect(try await mistake("metrics.counter('a'):add(-1)").contains("it must be from 0 to"))
        for name in ["a_count", "a_sum", "a_bucket", "9a", "a-b", ""] {
            #expect(try await mistake("metrics.counter('\(name)')").contains("bad argument #1 'name'"), "\(name)")
        }
        #expect(try await mistake("metrics.counter('a', { labels = { 'le' } })").contains("field 'labels[1]'"))
    }
}
