import Runtime

/// Every setting that Perigee knows. Names without `PERIGEE_` are those that deployments of this kind use already.
enum SettingTable {
    static let port = Setting(
        name: "PORT", fallback: "8000", accepts: .port,
        purpose: "TCP port to listen on.")
    static let host = Setting(
        name: "HOST", fallback: "127.0.0.1", accepts: .host,
        purpose: "Address to listen on. `0.0.0.0` opens it to the network: put a proxy with TLS in front.")
    static let socket = Setting(
        name: "PERIGEE_SOCKET", fallback: "$STATE_DIR/perigee.sock", accepts: .pathOrOff,
        purpose: "Unix socket to listen on as well. Commands such as `perigee status` reach the server by it.")
    static let stateDirectory = Setting(
        name: "STATE_DIR", fallback: "~/.local/state/perigee", accepts: .path,
        purpose: "Where the database and everything else that must survive is kept.")
    static let home = Setting(
        name: "PERIGEE_HOME", fallback: "", accepts: .optionalPath,
        purpose: "Where the shipped scripts and the site are; found from the executable when empty.")
    static let scripts = Setting(
        name: "PERIGEE_SCRIPTS", fallback: "", accepts: .optionalPath,
        purpose: "Directory of your own scripts, which replace shipped ones of the same name; "
            + "`$STATE_DIR/scripts` when empty.")
    static let logLevel = Setting(
        name: "LOG_LEVEL", fallback: "info", accepts: .oneOf(Log.Level.self),
        purpose: "The least important lines that are logged.")
    static let logFormat = Setting(
        name: "LOG_FORMAT", fallback: "auto", accepts: .oneOf(Log.Format.self),
        purpose: "`json` for machines, `text` for people, `auto` for text on a terminal.")
    static let trustedProxies = Setting(
        name: "PERIGEE_TRUSTED_PROXIES", fallback: "",
        accepts: .list("addresses or networks like 10.0.0.0/8", AddressRange.init),
        purpose: "Peers whose `X-Forwarded-*` headers are believed.")
    static let maxBody = Setting(
        name: "PERIGEE_MAX_BODY", fallback: "32MB", accepts: .size,
        purpose: "Largest request body that is taken.")
    static let maxConnections = Setting(
        name: "PERIGEE_MAX_CONNECTIONS", fallback: "10000", accepts: .count(1...1_000_000),
        purpose: "Connections that may be open at once; more wait in the kernel's queue.")
    static let maxQueuedRuns = Setting(
        name: "PERIGEE_MAX_QUEUED_RUNS", fallback: "100", accepts: .count(1...100_000),
        purpose: "Runs of one user that may wait for their turn; more are refused.")
    static let drain = Setting(
        name: "PERIGEE_DRAIN", fallback: "30s", accepts: .duration,
        purpose: "How long requests in flight may go on after the order to stop.")
    static let traceEndpoint = Setting(
        name: "OTEL_EXPORTER_OTLP_ENDPOINT", fallback: "", accepts: .optionalURL,
        purpose: "Collector for traces over OTLP/HTTP; empty turns tracing off.")
    static let traceHeaders = Setting(
        name: "OTEL_EXPORTER_OTLP_HEADERS", fallback: "", accepts: .list("name=value pairs", HeaderPair.init),
        purpose: "Headers for the collector, such as its key.", isSecret: true)
    static let traceShare = Setting(
        name: "OTEL_TRACES_SAMPLER_ARG", fallback: "1", accepts: .share,
        purpose: "Share of requests that are traced when the caller did not decide.")

    static let agentAddress = Setting(
        name: "PERIGEE_AGENT_URL", fallback: "", accepts: .optionalURL,
        purpose: "Where agents reach this server, for integrations; `http://127.0.0.1:PORT` when empty.")

    static let openWebUIAddress = Setting(
        name: "OPENWEBUI_URL", fallback: "", accepts: .optionalURL,
        purpose: "The Open WebUI that `perigee doctor openwebui` looks at.")
    static let openWebUIKey = Setting(
        name: "OPENWEBUI_API_KEY", fallback: "", accepts: .text,
        purpose: "An administrator's key of that Open WebUI.", isSecret: true)

    static let filterSecret = Setting(
        name: "PERIGEE_FILTER_SECRET", fallback: "", accepts: .text,
        purpose: "What the filter of Open WebUI signs with: its valve of the same name. Only signed data counts.",
        isSecret: true)

    static let scriptMemory = Setting(
        name: "PERIGEE_SCRIPT_MEMORY", fallback: "64MB", accepts: .size,
        purpose: "Memory that all scripts of a generation may hold together.")
    static let loadLimit = limit(.load, "compute=1s wall=5s result=1MB", "loading one script")
    static let hookLimit = limit(.hook, "compute=1s wall=1m result=1MB", "one call of a hook")
    static let routeLimit = limit(.route, "compute=2s wall=5m result=4MB", "one request to a route of a script")
    static let jobLimit = limit(.job, "compute=30s wall=1h result=4MB", "one run of a job")
    static let toolLimit = limit(.tool, "compute=2s wall=1m result=4MB", "one call of an integration's tool")
    static let consoleLimit = limit(.console, "compute=5s wall=5m result=4MB", "one line in the console")
    static let scriptAddresses = Setting(
        name: "PERIGEE_SCRIPT_ADDRESSES", fallback: "",
        accepts: .list("addresses, networks like 192.168.1.0/24, or host names", AddressAllowance.entry),
        purpose: "Private addresses that scripts may reach with `host.http` when they ask with `allow_private`.")
    static let scriptSockets = Setting(
        name: "PERIGEE_SCRIPT_SOCKETS", fallback: "",
        accepts: .list("absolute paths", { $0.hasPrefix("/") ? $0 : nil }),
        purpose: "Unix sockets that scripts may reach with `host.http`.")

    static let scriptLimits: [(ScriptLimits.Kind, Setting<LimitText>)] = [
        (.load, loadLimit), (.hook, hookLimit), (.route, routeLimit), (.job, jobLimit), (.tool, toolLimit),
        (.console, consoleLimit),
    ]

    static let all: [any AnySetting] =
        [
            port, host, socket, stateDirectory, home, scripts, logLevel, logFormat, trustedProxies, maxBody,
            maxConnections, maxQueuedRuns, drain, agentAddress, openWebUIAddress, openWebUIKey, filterSecret,
            scriptMemory,
        ] + tasks + agents + runners + processes + containers + repos + scriptLimits.map(\.1) + [
            scriptAddresses, scriptSockets, smallModel, embeddingModel, defaultProvider, anyModel, traceEndpoint,
            traceHeaders, traceShare,
        ] + access

    private static func limit(_ kind: ScriptLimits.Kind, _ fallback: String, _ subject: String) -> Setting<LimitText> {
        Setting(
            name: "PERIGEE_LIMIT_\(kind.rawValue.uppercased())", fallback: fallback, accepts: .limits,
            purpose: "What \(subject) may use: processor time, time in all, and bytes given back.")
    }
}

/// One `name=value` of a header list.
struct HeaderPair: Sendable, Equatable {
    let name: String
    let value: String

    init?(_ text: String) {
        guard let mark = text.firstIndex(of: "="), mark != text.startIndex else { return nil }
        name = String(text[..<mark])
        value = String(text[text.index(after: mark)...])
    }
}
