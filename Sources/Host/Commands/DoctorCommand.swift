import Glibc
import Runtime

extension Command {
    static let doctor = Command(
        name: "doctor", summary: "Checks what Perigee needs and says what to do.",
        usage: "perigee doctor [openwebui|docker] [NAME=value …]",
        details: """
            Ends with code 0 when nothing stands in the way of `perigee serve` and its chats, else with 69. With `openwebui`
            it prints what to enter there, and with OPENWEBUI_URL and OPENWEBUI_API_KEY it looks at what a running one lacks;
            with `docker` it looks at the engine that runners in containers would be on.
            """
    ) { arguments in
        try arguments.expect(words: 0...1)
        let settings = try Settings.ofProcess(commandLine: arguments.settings)
        let look: @Loop @Sendable () async -> [Finding]
        switch arguments.words.first {
        case nil: look = { await Checkup(settings).findings() }
        case "openwebui":
            Terminal.print(OpenWebUICheckup.instructions(settings))
            look = { await OpenWebUICheckup(settings).findings() }
        case "docker": look = { await DockerCheckup(settings).findings() }
        case let subject?:
            throw Fault(
                .invalidInput, "there is no check-up of \"\(subject)\"",
                hint: "there are `perigee doctor openwebui` and `perigee doctor docker`")
        }
        let findings = Loop.run { await look() }
        Terminal.print(Checkup.report(findings))
        return findings.contains { $0.state == .bad } ? 69 : 0
    }
}

/// One thing that was looked at.
struct Finding: Sendable {
    enum State: String, Sendable { case good = "ok", worth = "note", bad = "bad" }

    let subject: String
    let state: State
    let text: String
    var advice: String?
}

/// Looks at the machine and at what is kept on it, changing nothing.
@Loop
struct Checkup {
    private let settings: Settings

    init(_ settings: Settings) { self.settings = settings }

    func findings() async -> [Finding] {
        var findings = [descriptors, clock, stateDirectory, disk, scripts]
        findings.append(await database())
        findings.append(await address())
        findings += await AgentCheckup(settings).findings()
        return findings
    }

    nonisolated static func report(_ findings: [Finding]) -> String {
        let rows = findings.map { [$0.state.rawValue, $0.subject, $0.text] }
        let lines = SettingListing.columns(rows).split(separator: "\n")
        return zip(lines, findings).map { line, finding in
            "\(line)\n" + (finding.advice.map { "      \($0)\n" } ?? "")
        }.joined()
    }

    private var descriptors: Finding {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let wanted = UInt(settings[SettingTable.maxConnections]) + 256
        guard limit.rlim_max >= wanted else {
            return Finding(
                subject: "descriptors", state: .worth,
                text: "\(limit.rlim_max) at most, enough for \(limit.rlim_max - min(limit.rlim_max, 256)) connections",
                advice: "raise it with LimitNOFILE= in the unit, or `ulimit -n`, or lower PERIGEE_MAX_CONNECTIONS")
        }
        return Finding(subject: "descriptors", state: .good, text: "\(limit.rlim_max) at most")
    }

    private var clock: Finding {
        let now = CivilTime(secondsSinceEpoch: Int64(time(nil)))
        guard now.year >= 2026 else {
            return Finding(
                subject: "clock", state: .bad, text: "it says \(now) UTC, which cannot be",
                advice: "set it, for instance with `timedatectl set-ntp true`: tokens and certificates depend on it")
        }
        return Finding(subject: "clock", state: .good, text: "\(now) UTC")
    }

    private var stateDirectory: Finding {
        let directory = StateDirectory(path: settings.stateDirectory)
        do {
            try directory.prepare()
            return Finding(subject: "state", state: .good, text: directory.path)
        } catch {
            let fault = Fault(error)
            return Finding(subject: "state", state: .bad, text: fault.message, advice: fault.hint)
        }
    }

    private var disk: Finding {
        let directory = StateDirectory(path: settings.stateDirectory)
        guard let free = directory.freeBytes() else {
            return Finding(subject: "disk", state: .worth, text: "what is free at \(directory.path) cannot be read")
        }
        let text = "\(Units.describe(bytes: free)) free at \(directory.path)"
        guard free >= 1 << 30 else {
            return Finding(
                subject: "disk", state: free < 64 << 20 ? .bad : .worth, text: text,
                advice: "free some space: under 64MB Perigee says that it is not ready")
        }
        return Finding(subject: "disk", state: .good, text: text)
    }

    private var scripts: Finding {
        guard let fault = settings.lacksShippedScripts else {
            return Finding(
                subject: "scripts", state: .good, text: "the shipped ones are in \(settings.home ?? "")/scripts")
        }
        return Finding(subject: "scripts", state: .bad, text: fault.message, advice: fault.hint)
    }

    private func database() async -> Finding {
        let path = StateDirectory(path: settings.stateDirectory).database
        guard access(path, F_OK) == 0 else {
            return Finding(subject: "database", state: .good, text: "none yet; the first start makes it")
        }
        do {
            let problems = try await Store.check(path)
            guard let first = problems.first else {
                return Finding(subject: "database", state: .good, text: "\(path) is whole")
            }
            return Finding(
                subject: "database", state: .bad, text: "\(problems.count) faults, the first: \(first)",
                advice: "stop Perigee and put a backup in its place")
        } catch {
            let fault = Fault(error)
            return Finding(subject: "database", state: .bad, text: fault.message, advice: fault.hint)
        }
    }

    /// A Perigee that answers there already is good news.
    private func address() async -> Finding {
        let host = settings[SettingTable.host]
        let port = settings[SettingTable.port]
        let place = "\(host):\(port)"
        let scope = Scope("doctor") { _, _ in }
        do {
            let server = Server(Router(), scope: scope)
            try server.listen(host: host, port: port)
            await server.drain(grace: .zero)
            return Finding(subject: "address", state: .good, text: "\(place) is free")
        } catch {
            let fault = Fault(error)
            if fault.kind == .conflict, await answersAsPerigee(host, port) {
                return Finding(subject: "address", state: .good, text: "Perigee answers at \(place)")
            }
            return Finding(subject: "address", state: .bad, text: fault.message, advice: fault.hint)
        }
    }

    private func answersAsPerigee(_ host: String, _ port: Int) async -> Bool {
        let place = host == "0.0.0.0" ? "127.0.0.1" : host.contains(":") ? "[\(host)]" : host
        let client = HTTPClient()
        do {
            var request = HTTPRequest(.get, try WebAddress("http://\(place):\(port)/health"))
            request.guarding = .open
            let answer = try await Deadline.within(.seconds(3)) { try await client.send(request) }
            let body = try await JSON.parse(answer.body.collect(limit: 4096))
            await client.close()
            return body["version"].string != nil
        } catch {
            // Whoever answers otherwise, or not at all, is not Perigee.
            await client.close()
            return false
        }
    }
}
