import Runtime
import Testing

@testable import Host

@Suite("settings")
struct SettingsTests {
    @Test("the command line wins over the environment, that over the file, and an empty value counts as not set")
    func precedence() throws {
        let settings = try settings(
            commandLine: ["PORT": "1"], environment: ["PORT": "2", "HOST": "0.0.0.0", "LOG_LEVEL": ""],
            file: ["PORT": "3", "HOST": "::1", "LOG_LEVEL": "debug"])
        #expect(settings[SettingTable.port] == 1)
        #expect(settings[SettingTable.host] == "0.0.0.0")
        #expect(settings[SettingTable.logLevel] == .debug)
        #expect(settings[SettingTable.drain] == .seconds(30))
        #expect(settings.source.text(of: SettingTable.logLevel).origin == .file(".env"))
    }

    @Test("every default is acceptable to its own setting, and every name stands once")
    func defaults() throws {
        for setting in SettingTable.all { #expect(setting.accepts(setting.fallback), "\(setting.name)") }
        #expect(Set(SettingTable.all.map(\.name)).count == SettingTable.all.count)
    }

    @Test(
        "an unusable value is named with what would do",
        arguments: [
            (
                "PORT", "80a",
                "PORT: \"80a\" is not a port from 0 to 65535 (0 lets the kernel choose) (from environment)"
            ),
            ("PORT", "65536", "PORT"), ("PORT", "-1", "PORT"), ("HOST", "example.org", "HOST"),
            ("STATE_DIR", "relative/path", "STATE_DIR"), ("LOG_LEVEL", "loud", "one of"),
            ("PERIGEE_MAX_BODY", "12XB", "a size such as"), ("PERIGEE_DRAIN", "30", "a duration such as"),
            ("PERIGEE_TRUSTED_PROXIES", "10.0.0.0/8,nonsense", "a list of addresses"),
            ("PERIGEE_TRUSTED_PROXIES", "10.0.0.0/33", "a list of addresses"),
            ("PERIGEE_SOCKET", "run.sock", "an absolute path"), ("OTEL_TRACES_SAMPLER_ARG", "1.5", "from 0 to 1"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318", "a URL"),
        ])
    func unusable(name: String, value: String, message: String) {
        let fault = #expect(throws: Fault.self) { try settings(environment: [name: value]) }
        #expect(fault?.kind == .invalidInput)
        #expect(fault?.message.contains(message) == true, "\(fault?.message ?? "")")
    }

    @Test("an unknown PERIGEE_ name stops the start and names the nearest, other programs' names do not")
    func unknownNames() throws {
        let fault = #expect(throws: Fault.self) { try settings(environment: ["PERIGEE_DRIAN": "1s", "EDITOR": "vi"]) }
        #expect(fault?.message == "PERIGEE_DRIAN: no such setting in the environment (did you mean PERIGEE_DRAIN?)")
    }

    @Test("names that begin like ours and are for others do not stop the start: the seeder's, and those of Kubernetes")
    func namesForOthers() throws {
        _ = try settings(environment: [
            "PERIGEE_URL": "http://127.0.0.1:8000/v1", "PERIGEE_KEY": "pk_x", "PERIGEE_SERVICE_HOST": "10.0.0.7",
            "PERIGEE_PORT": "tcp://10.0.0.7:8000", "PERIGEE_PORT_8000_TCP_ADDR": "10.0.0.7",
        ])
        // Somebody means PORT.
        #expect(throws: Fault.self) { try settings(environment: ["PERIGEE_PORT": "8080"]) }
        #expect(throws: Fault.self) { try settings(commandLine: ["PERIGEE_URL": "http://x"]) }
    }

    @Test("a word of the command line that is no setting is refused")
    func unknownWord() {
        #expect(throws: Fault.self) { try settings(commandLine: ["PROT": "80"]) }
    }

    @Test("all problems are told at once, one line each")
    func allProblems() {
        let fault = #expect(throws: Fault.self) {
            try settings(environment: ["PORT": "x", "HOST": "y", "PERIGEE_NONE": "z"])
        }
        #expect(fault?.message.split(separator: "\n").count == 3)
    }

    @Test("the value of a secret is in no message and no listing")
    func secrets() throws {
        let planted = "planted-secret-value"
        let fault = #expect(throws: Fault.self) {
            try settings(environment: ["OTEL_EXPORTER_OTLP_HEADERS": "=\(planted)"])
        }
        #expect(fault?.message.contains(planted) == false)
        let good = try settings(environment: ["OTEL_EXPORTER_OTLP_HEADERS": "x-key=\(planted)"])
        #expect(good[SettingTable.traceHeaders] == [HeaderPair("x-key=\(planted)")])
        #expect(!SettingListing.effective(good).contains(planted))
    }

    @Test("the page of settings is the one that the code makes")
    func markdown() throws {
        let page = try Fixture.read("docs/configuration.md")
        #expect(page == SettingListing.markdown, "run `make docs`")
    }

    private func settings(
        commandLine: [String: String] = [:], environment: [String: String] = [:], file: [String: String] = [:]
    ) throws -> Settings {
        try Settings(
            SettingSource(layers: [
                .init(origin: .commandLine, values: commandLine),
                .init(origin: .environment, values: environment),
                .init(origin: .file(".env"), values: file),
            ]))
    }
}
