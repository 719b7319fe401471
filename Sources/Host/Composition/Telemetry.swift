import Runtime

/// What the program tells about itself: metrics always, traces when a collector is set, a log line for each request.
@Loop
final class Telemetry {
    let metrics = Metrics()
    let tracer: Tracer
    private let log: Log
    private let watch: LoopWatch
    private let exporter: SpanExporter?
    private let requests: Labelled<Counter>
    private let durations: Labelled<Histogram>
    /// Series by what they are looked up with, so that a request costs one lookup.
    private var known: [RequestKind: (count: Counter, duration: Histogram)] = [:]

    private struct RequestKind: Hashable {
        let method: Method?
        let pattern: String
        let status: Int
    }

    init(_ settings: Settings, log: Log, client: HTTPClient, scope: Scope) {
        self.log = log
        tracer = Telemetry.tracer(settings)
        watch = LoopWatch(metrics: metrics, log: log)
        exporter = Telemetry.exporter(settings, tracer, log, client)
        requests = metrics.counters(
            "perigee_http_requests_total", "Requests that have ended.", labels: ["method", "route", "status"])
        durations = metrics.histograms(
            "perigee_http_request_duration_seconds", "From the first byte of a request to the end of its answer.",
            labels: ["route"])
        metrics.addProcessFigures()
        metrics.gauge("perigee_log_lines_lost", "Log lines that nobody took in time.") { Double(log.lostLines) }
        log.setAmbient { RequestID.current.map { LogContext(["request": $0]) } }
        watch.start()
        if let exporter { scope.spawn("traces") { try await exporter.run() } }
    }

    /// Sends what is held and stops looking.
    func close() async {
        watch.stop()
        await exporter?.flush()
    }

    /// What `/metrics` answers.
    var text: Response {
        Response(200, ["Content-Type": Metrics.contentType], body: .bytes(metrics.text()))
    }

    /// Which scripts serve, and whether the newest do.
    func observe(_ scripts: Scripts) {
        metrics.gauge("perigee_scripts_generation", "The generation of scripts that serves.") { [weak scripts] in
            scripts.map { Double($0.live.number) }
        }
        metrics.gauge("perigee_scripts_broken", "1 while the newest scripts do not load.") { [weak scripts] in
            scripts.map { $0.failure == nil ? 0 : 1 }
        }
        metrics.gauge("perigee_scripts_draining", "Replaced generations that finish their work.") { [weak scripts] in
            scripts.map { Double($0.drainingCount) }
        }
        metrics.gauge("perigee_scripts_bytes", "Memory of the generation that serves.") { [weak scripts] in
            scripts.map { Double($0.live.usedMemory) }
        }
        let reloads = metrics.counters(
            "perigee_scripts_reloads_total", "Generations that were built.", labels: ["outcome"])
        let (good, bad) = (reloads.with("good"), reloads.with("bad"))
        scripts.onSwap.append { _ in good.add() }
        scripts.onFailure.append { _ in bad.add() }
    }

    /// Counts, times and logs every request of the server.
    func observe(_ server: Server) {
        metrics.gauge("perigee_http_connections", "Open connections.") { [weak server] in
            server.map { Double($0.connectionCount) }
        }
        let log = log.part("http")
        server.onRequestEnd = { [unowned self] record in
            count(record)
            log.debug(
                "request",
                [
                    "request": LogValue(record.id), "method": LogValue(record.method?.rawValue ?? "-"),
                    "target": LogValue(record.target), "status": LogValue(record.status),
                    "bytes": LogValue(record.bytes),
                    "ms": .duration(record.duration), "left": .flag(record.isCancelled),
                ])
        }
        server.onFault = { fault, request in
            guard fault.kind == .internal || fault.kind == .script else { return }
            log.error("request failed", fault, ["request": LogValue(request.id), "route": LogValue(request.pattern)])
        }
    }

    private func count(_ record: RequestRecord) {
        let kind = RequestKind(method: record.method, pattern: record.pattern, status: record.status)
        let series =
            known[kind]
            ?? {
                let route = record.pattern.isEmpty ? "none" : record.pattern
                let series = (
                    requests.with(record.method?.rawValue ?? "other", route, String(record.status)),
                    durations.with(route)
                )
                if known.count < 1000 { known[kind] = series }
                return series
            }()
        series.count.add()
        series.duration.observe(record.duration)
    }

    // MARK: traces

    private static func tracer(_ settings: Settings) -> Tracer {
        guard !settings[SettingTable.traceEndpoint].isEmpty else { return .off }
        var tracing = Tracer.Settings()
        tracing.version = Version.current
        tracing.share = settings[SettingTable.traceShare]
        return Tracer(tracing)
    }

    private static func exporter(_ settings: Settings, _ tracer: Tracer, _ log: Log, _ client: HTTPClient)
        -> SpanExporter?
    {
        guard tracer.isOn else { return nil }
        var endpoint = settings[SettingTable.traceEndpoint]
        while endpoint.hasSuffix("/") { endpoint.removeLast() }
        let address = endpoint + "/v1/traces"
        let headers = settings[SettingTable.traceHeaders].map { (name: $0.name, value: $0.value) }
        return SpanExporter(tracer, headers: headers, log: log) { body, headers in
            var request = HTTPRequest(
                .post, try WebAddress(address), headers: Headers(headers.map { ($0.name, $0.value) }),
                body: .bytes(body))
            // The owner named it, and it usually stands next door.
            request.guarding = .open
            let answer = try await client.send(request)
            _ = try await answer.body.collect(limit: 64 << 10)
            let pause = answer.headers["retry-after"].flatMap { Int($0) }.map { Duration.seconds($0) }
            return SpanExporter.Answer(status: answer.status, retryAfter: pause)
        }
    }
}
