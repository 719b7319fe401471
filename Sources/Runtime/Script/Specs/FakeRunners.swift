import LuaBridge

/// The runners of a spec: those that it says there are. Stopping one takes it away.
@Loop
final class FakeRunners: WorldRunners {
    private unowned let clock: any WorldClock
    private var runners: [RunnerState] = []
    private var findings: [RunnerFinding] = []

    init(clock: any WorldClock) { self.clock = clock }

    func begin() {
        runners = []
        findings = []
    }

    func list() -> [RunnerState] { runners.sorted { $0.name < $1.name } }

    func get(_ name: String) throws -> RunnerState {
        guard let runner = runners.first(where: { $0.name == name }) else {
            throw Fault(.notFound, "there is no runner \"\(name)\"")
        }
        return runner
    }

    func stop(_ name: String) async throws {
        _ = try get(name)
        runners.removeAll { $0.name == name }
    }

    func restart(_ name: String) async throws {
        _ = try get(name)
        for index in runners.indices where runners[index].name == name {
            runners[index].startedAt = milliseconds(ago: .zero)
            runners[index].life = .ready
        }
    }

    func logs(_ name: String, lines: Int) async throws -> String {
        _ = try get(name)
        return ""
    }

    func found() async throws -> [RunnerFinding] { findings }

    func end(orphan identity: String) async throws { findings.removeAll { $0.identity == identity } }

    private func milliseconds(ago: Duration) -> Int64 { Int64((clock.now - ago / .seconds(1)) * 1000) }
}

// What specs say about runners.
extension FakeRunners {
    private static let runner = Record(
        "fake.Runner", "A runner.",
        [
            .required("name", .text(), "Its name."),
            .optional("workspace", .text(), "Whose it is; `w1`, if left out."),
            .optional("key_signature", .text(), "Its set of keys; `00000000`, if left out."),
            .optional("state", .choice(RunnerState.Life.allCases.map(\.rawValue)), "`ready`, if left out."),
            .optional("leases", .integer(0...1000), "How many are on it; none, if left out."),
            .optional("age", .duration, "How long ago it was started; just now, if left out."),
            .optional("idle", .duration, "How long ago somebody was on it; just now, if left out."),
        ])

    private static let finding = Record(
        "fake.RunnerFinding", "Something that is marked as a runner.",
        [
            .required("id", .text(), "Its identity."),
            .required(
                "standing", .choice(RunnerFinding.Standing.allCases.map(\.rawValue)), "Whose it is."),
            .optional("name", .text(), "Its name; its identity, if left out."),
            .optional("age", .duration, "How long ago it was started; just now, if left out."),
            .optional("up", .boolean, "Whether it runs. It does, if left out."),
        ])

    /// `fake.runners`.
    var words: HostModule {
        HostModule(
            "runners", "The runners that `host.runners` tells of.",
            [
                HostFunction(
                    "set", "Sets the runners that there are.",
                    [.required("runners", .list(.record(FakeRunners.runner)), "All of them.")],
                    example: "fake.runners.set { { name = \"r1\", idle = \"2h\" } }"
                ) { [unowned self] call in
                    runners = call["runners"].elements.map(HostOptions.init).map(state)
                    return .nil
                },
                HostFunction(
                    "find", "Sets what is marked as a runner on this machine.",
                    [.required("found", .list(.record(FakeRunners.finding)), "All of it.")],
                    example: "fake.runners.find { { id = \"c1\", standing = \"orphan\", age = \"1h\" } }"
                ) { [unowned self] call in
                    findings = call["found"].elements.map(HostOptions.init).map(finding)
                    return .nil
                },
            ])
    }

    private func state(_ said: HostOptions) -> RunnerState {
        RunnerState(
            name: said.text("name")!, mode: "container", workspace: said.text("workspace") ?? "w1",
            keySignature: said.text("key_signature") ?? "00000000",
            life: said.text("state").flatMap(RunnerState.Life.init) ?? .ready, leases: Int(said.integer("leases") ?? 0),
            startedAt: milliseconds(ago: said.duration("age") ?? .zero),
            lastUsedAt: milliseconds(ago: said.duration("idle") ?? .zero))
    }

    private func finding(_ said: HostOptions) -> RunnerFinding {
        RunnerFinding(
            identity: said.text("id")!, name: said.text("name") ?? said.text("id")!, workspace: "w1",
            standing: said.text("standing").flatMap(RunnerFinding.Standing.init) ?? .foreign,
            startedAt: milliseconds(ago: said.duration("age") ?? .zero), isUp: said.bool("up") ?? true)
    }
}
