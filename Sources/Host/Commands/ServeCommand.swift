import Glibc
import Runtime

extension Command {
    static let serve = Command(
        name: "serve", summary: "Starts Perigee and runs until it is told to stop.",
        usage: "perigee serve [--profile NAME] [NAME=value …]",
        details: """
              --profile NAME   a set of defaults: `sidecar` takes tasks beside one opencode; `perigee config` shows it

            SIGTERM and Ctrl-C end it in order: no new requests, then PERIGEE_DRAIN for those in flight, then the rest. A
            second signal ends it at once. SIGHUP reloads the scripts.
            """, valued: ["--profile"]
    ) { arguments in
        try arguments.expect(options: ["--profile"])
        let settings = try Settings.ofProcess(commandLine: arguments.settingsWithProfile)
        return Loop.run { await Serving(settings).run() }
    }
}

/// One run of the program, from the first part's start to the last one's stop.
@Loop
private final class Serving {
    private let house: House
    private let stop = Waiter<Int32>("the order to stop")
    private var isStopping = false

    init(_ settings: Settings) { house = House(settings) }

    func run() async -> Int32 {
        signal(SIGPIPE, SIG_IGN)
        let parts = house.parts
        do {
            let signals = try Signals([SIGTERM, SIGINT, SIGHUP]) { [unowned self] in signalled($0) }
            defer { signals.close() }
            try await parts.start()
            announce()
            // Nothing but a signal ends this wait.
            let number = try await stop.value()
            house.log.info(
                "stopping", ["signal": LogValue(number), "open": LogValue(house.server?.connectionCount ?? 0)])
            await parts.stop()
            return 0
        } catch {
            let fault = Fault(error)
            house.log.flush()
            Terminal.complain(fault)
            return fault.kind.exitCode
        }
    }

    private func signalled(_ number: Int32) {
        if number == SIGHUP {
            house.reloadScripts("SIGHUP")
            return
        }
        guard !isStopping else {
            house.log.warning("second signal: ending at once")
            house.log.flush()
            exit(128 + number)
        }
        isStopping = true
        house.readiness.set("server", "stopping")
        stop.finish(.success(number))
    }

    private func announce() {
        house.log.info(
            "perigee \(Version.current) listens",
            ["address": LogValue(house.addresses.joined(separator: " ")), "state": LogValue(house.directory.path)])
        guard isatty(STDOUT_FILENO) == 1, let address = house.addresses.first else { return }
        let program = CommandLine.arguments.first ?? "perigee"
        let hints = [
            ["  curl \(address)/v1/models", "who can be talked to"],
            ["  curl \(address)/openapi.json", "what else it offers"],
            ["  \(program) doctor", "what is missing, such as an agent"],
            ["  \(program) doctor openwebui", "what to enter in Open WebUI"],
        ]
        Terminal.print(
            "\nPerigee answers at \(address)\n\n\(SettingListing.columns(hints))\nCtrl-C stops it.\n\n")
    }
}
