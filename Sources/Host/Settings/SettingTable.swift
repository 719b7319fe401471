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

    static let all: [any AnySetting] = [
        port, host, socket, stateDirectory, logLevel, logFormat, trustedProxies, maxBody, maxConnections, drain,
        traceEndpoint, traceHeaders, traceShare,
    ]
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
