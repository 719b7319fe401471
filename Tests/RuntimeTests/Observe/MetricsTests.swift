import Glibc
import Testing

@testable import Runtime

@Suite("metrics")
@Loop
struct MetricsTests {
    @Test("counters, gauges and histograms come out as valid text, in order, the same each time")
    func text() throws {
        let metrics = Metrics()
        let temperature = metrics.gauge("temperature_celsius", "How warm it is.")
        temperature.set(21.5)
        temperature.add(-0.25)
        let requests = metrics.counters("http_requests_total", "Requests.", labels: ["method", "status"])
        requests.with("POST", "200").add(3)
        requests.with("GET", "404").add()
        requests.with("GET", "200").add(2)
        let wait = metrics.histogram("wait_seconds", "Waits.", buckets: [0.1, 0.5, 1])
        for value in [0.0625, 0.1, 0.25, 2, .nan] { wait.observe(value) }
        wait.observe(.milliseconds(750))
        metrics.gauge("asked", "Asked at collection.") { 7 }
        metrics.gauge("absent", "Not there.") { nil }
        #expect(
            String(decoding: metrics.text(), as: UTF8.self) == """
                # HELP absent Not there.
                # TYPE absent gauge
                # HELP asked Asked at collection.
                # TYPE asked gauge
                asked 7
                # HELP http_requests_total Requests.
                # TYPE http_requests_total counter
                http_requests_total{method="GET",status="200"} 2
                http_requests_total{method="GET",status="404"} 1
                http_requests_total{method="POST",status="200"} 3
                # HELP temperature_celsius How warm it is.
                # TYPE temperature_celsius gauge
                temperature_celsius 21.25
                # HELP wait_seconds Waits.
                # TYPE wait_seconds histogram
                wait_seconds_bucket{le="0.1"} 2
                wait_seconds_bucket{le="0.5"} 3
                wait_seconds_bucket{le="1"} 4
                wait_seconds_bucket{le="+Inf"} 5
                wait_seconds_sum 3.1625
                wait_seconds_count 5

                """)
        _ = try PrometheusText(metrics.text())
        #expect(metrics.text() == metrics.text())
    }

    @Test(
        "whatever a label or a help text contains, the text stays valid and says the same",
        arguments: ["a\"b", "back\\slash", "new\nline", "\\n", "ünïcödé", "", "}{,=", "\\\"\n"])
    func escaping(_ odd: String) throws {
        let metrics = Metrics()
        metrics.counters("odd_total", odd, labels: ["value"]).with(odd).add(4)
        let histograms = metrics.histograms("odd_seconds", "Odd.", labels: ["value"], buckets: [1])
        histograms.with(odd).observe(2)
        let text = try PrometheusText(metrics.text())
        #expect(text["odd_total", ["value": odd]] == 4)
        #expect(text["odd_seconds_bucket", ["value": odd, "le": "1"]] == 0)
        #expect(text["odd_seconds_count", ["value": odd]] == 1)
    }

    @Test(
        "numbers of every size are written as the format spells them",
        arguments: [0, -1.5, 1e15, 1e300, 5e-300, 123_456_789, .infinity, -.infinity, 0.1, -0.0])
    func numbers(_ number: Double) throws {
        let metrics = Metrics()
        metrics.gauge("number", "n").set(number)
        #expect(try PrometheusText(metrics.text())["number", [:]] == number)
    }

    @Test("past its bound a metric counts new combinations as other, and the known ones as before")
    func cardinality() throws {
        let metrics = Metrics()
        let paths = metrics.counters("paths_total", "Paths.", labels: ["path", "how"], limit: 10)
        let first = paths.with("/0", "x")
        for number in 0..<1000 { paths.with("/\(number)", "x").add() }
        first.add()
        paths.with("/5", "x").add()
        paths.with("other", "other").add()
        let text = try PrometheusText(metrics.text())
        #expect(text.samples.count == 11)
        #expect(text["paths_total", ["path": "/0", "how": "x"]] == 2)
        #expect(text["paths_total", ["path": "/5", "how": "x"]] == 2)
        #expect(text["paths_total", ["path": "other", "how": "other"]] == 991)
    }

    @Test("a label value that is too long is other")
    func longValue() throws {
        let metrics = Metrics()
        metrics.gauges("g", "g", labels: ["v"]).with(String(repeating: "v", count: 1000)).set(1)
        #expect(try PrometheusText(metrics.text())["g", ["v": "other"]] == 1)
    }

    @Test("the same series is the same handle, from any thread, and no count is lost")
    func threads() async throws {
        let metrics = Metrics()
        let counts = metrics.counters("c_total", "c", labels: ["thread"])
        let sums = metrics.histogram("h", "h", buckets: [1])
        let level = metrics.gauge("level", "l")
        let scope = Scope("threads") { task, error in Issue.record("\(task): \(error)") }
        for _ in 0..<4 {
            scope.spawn("thread") {
                try await BlockingPool.shared.run("counting") {
                    for _ in 0..<2000 {
                        counts.with("shared").add()
                        sums.observe(0.5)
                        level.add(1)
                    }
                }
            }
        }
        await scope.close(grace: .seconds(20))
        let text = try PrometheusText(metrics.text())
        #expect(text["c_total", ["thread": "shared"]] == 8000)
        #expect(text["h_sum", [:]] == 4000)
        #expect(text["h_count", [:]] == 8000)
        #expect(text["level", [:]] == 8000)
        #expect(counts.with("shared") === counts.with("shared"))
    }

    @Test("the process tells its memory, descriptors, processor time, threads and start")
    func process() throws {
        let metrics = Metrics()
        metrics.addProcessFigures()
        let text = try PrometheusText(metrics.text())
        #expect(text["process_resident_memory_bytes", [:]]! > 1_000_000)
        #expect(text["process_virtual_memory_bytes", [:]]! >= text["process_resident_memory_bytes", [:]]!)
        #expect(text["process_open_fds", [:]]! >= 3)
        #expect(text["process_max_fds", [:]]! >= text["process_open_fds", [:]]!)
        #expect(text["process_cpu_seconds_total", [:]]! > 0)
        #expect(text["process_threads", [:]]! >= 2)
        let start = text["process_start_time_seconds", [:]]!
        #expect(start > 1_700_000_000 && start <= Double(LogTime.now.tv_sec) + 1)
    }

    @Test("a bad name, a label twice, or a metric twice is the programmer's mistake and traps")
    func mistakes() async {
        await #expect(processExitsWith: .failure) { _ = Metrics().counter("1st", "x") }
        await #expect(processExitsWith: .failure) { _ = Metrics().counter("a-b", "x") }
        await #expect(processExitsWith: .failure) { _ = Metrics().counters("a", "x", labels: ["le"]) }
        await #expect(processExitsWith: .failure) { _ = Metrics().counters("a", "x", labels: ["l", "l"]) }
        await #expect(processExitsWith: .failure) { _ = Metrics().histogram("a", "x", buckets: [2, 1]) }
        await #expect(processExitsWith: .failure) {
            let metrics = Metrics()
            _ = metrics.counter("same", "x")
            _ = metrics.gauge("same", "x")
        }
    }
}
