import Runtime

/// One server that somebody else runs, for all workspaces. It sees each directory under the same path as Perigee does.
@Loop
final class SharedRunners: RunnerPool {
    static let runner = "shared"

    let modes = ["shared"]
    let server: OpencodeServer
    /// How long a server that is gone is waited for.
    private let patience: Duration
    private let log: Log

    init(_ server: OpencodeServer, patience: Duration = .seconds(60), log: Log) {
        self.server = server
        self.patience = patience
        self.log = log
    }

    /// The server of the settings; nil when none is set.
    convenience init?(_ settings: Settings, client: HTTPClient, log: Log, scope: Scope) throws {
        let address = settings[SettingTable.opencodeAddress]
        guard !address.isEmpty else { return nil }
        let password = settings[SettingTable.opencodePassword]
        let patience = AgentPatience(settings)
        self.init(
            OpencodeServer(
                try WebAddress(address), user: settings[SettingTable.opencodeUser],
                password: password.isEmpty ? nil : Secret(password), client: client, settings: patience.calls, log: log,
                scope: scope), patience: patience.comesBack, log: log)
    }

    func lease(
        workspace: String, directory: String, share: RunnerShare, onProgress: @escaping @Loop (String) -> Void
    ) async throws -> RunnerLease {
        // Whoever asked for it has a reason; a server that everybody shares is no answer to that.
        guard share == .user else {
            throw Fault(
                .invalidInput,
                "a runner for one \(share.kind.rawValue) alone was asked for, and here all share one server",
                hint: "RUNNER_MODE=container or process, or let the hook place say isolation = \"user\"")
        }
        // The server takes any text for a directory, and would work in its own for none.
        guard directory.hasPrefix("/"), !directory.split(separator: "/").contains("..") else {
            throw Fault(.invalidInput, "`\(directory)` is no absolute path for an agent to work in")
        }
        // A stream that is there says that it is well.
        if !server.hasEvents { try await server.probe() }
        return RunnerLease(SharedRunners.runner, server)
    }

    func bringBack(_ runner: String) async throws {
        let end = Instant.clock + patience
        var pause = Duration.milliseconds(200)
        while true {
            do {
                try await server.probe()
                return
            } catch {
                let fault = Fault(error)
                guard fault.isRetryable, Instant.clock + pause < end else {
                    guard fault.isRetryable else { throw fault }
                    throw Fault(
                        .unavailable,
                        "the shared opencode at \(server.address.redacted) did not come back within "
                            + "\(Units.describe(patience)): \(fault.message)",
                        hint: "Perigee cannot start it: see why it is down where OPENCODE_BASE_URL points to")
                }
                log.info("waiting for the shared opencode", ["why": LogValue(fault.message)])
                try await Loop.sleep(for: pause)
                pause = min(pause * 2, .seconds(2))
            }
        }
    }

    var followerCount: Int { server.followerCount }

    func names(in directory: String) -> [String] { [SharedRunners.runner] }

    func server(of runner: String) -> OpencodeServer? { runner == SharedRunners.runner ? server : nil }

    func close() async { await server.close() }
}
