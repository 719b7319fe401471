import Glibc
import Runtime

extension Command {
    static let console = Command(
        name: "console", summary: "Opens a Lua prompt in the scripts.",
        usage: "perigee console [--local] [NAME=value …]",
        details: """
              --local   in this process, without the server and its database

            It runs in a state of its own on the running server, with the live scripts to `require`; without a server, in
            this process. Lines of a file or a pipe are run one after the other: `echo 'host.time.now()' | perigee console`.
            """
    ) { arguments in
        try arguments.expect(options: ["--local"])
        let settings = try Settings.ofProcess(commandLine: arguments.settings)
        let isLocal = arguments.options.contains("--local")
        return try ConsoleRun(settings, isLocal: isLocal).result { target in
            let input = ConsoleRun.input(settings)
            defer { input.close() }
            let signals = try Signals([SIGTERM, SIGHUP, SIGINT]) { number in
                input.close()
                exit(128 + number)
            }
            defer { signals.close() }
            let conversation = ConsoleConversation(
                input, target, print: { Terminal.print($0) }, complain: { Terminal.warn($0) })
            return try await conversation.run()
        }
    }

    static let eval = Command(
        name: "eval", summary: "Runs one piece of Lua in the scripts and shows its values.",
        usage: "perigee eval 'LUA' [--local] [NAME=value …]",
        details: """
              --local   in this process, without the server and its database

            As one line of `perigee console`. Ends with code 70 when it fails.
            """,
        takesText: true
    ) { arguments in
        try arguments.expect(options: ["--local"], words: 1...1)
        let settings = try Settings.ofProcess(commandLine: arguments.settings)
        let code = arguments.words[0]
        return try ConsoleRun(settings, isLocal: arguments.options.contains("--local")).result { target in
            let answer = try await target.evaluate(code) { Terminal.print($0 + "\n") }
            switch answer {
            case .values(let values):
                for value in values { Terminal.print(value + "\n") }
                return 0
            case .incomplete:
                throw Fault(.invalidInput, "the text ends before its last statement does")
            case .failed(let failure):
                if !failure.traceback.isEmpty { Terminal.warn(failure.traceback + "\n") }
                throw Fault(.script, failure.message)
            }
        }
    }
}

/// Finds where a console is to run, and cleans up behind it.
struct ConsoleRun {
    private let settings: Settings
    private let isLocal: Bool

    init(_ settings: Settings, isLocal: Bool) {
        self.settings = settings
        self.isLocal = isLocal
    }

    func result(_ body: @escaping @Loop @Sendable (any ConsoleTarget) async throws -> Int32) throws -> Int32 {
        signal(SIGPIPE, SIG_IGN)
        let outcome: Result<Int32, Fault> = Loop.run {
            do {
                let target = try await target()
                do {
                    let code = try await body(target)
                    await target.close()
                    return .success(code)
                } catch {
                    await target.close()
                    throw error
                }
            } catch {
                return .failure(Fault(error))
            }
        }
        return try outcome.get()
    }

    /// The server if there is one. That the server does not let us in is no reason to go on without it.
    @Loop
    private func target() async throws -> any ConsoleTarget {
        if isLocal { return try await LocalConsole.open(settings) }
        let link: ServerLink
        do {
            link = try ServerLink(settings)
        } catch {
            return try await withoutServer(Fault(error))
        }
        do {
            return try await RemoteConsole.open(link)
        } catch {
            await link.close()
            let fault = Fault(error)
            guard fault.kind == .unavailable else { throw fault }
            return try await withoutServer(fault)
        }
    }

    @Loop
    private func withoutServer(_ fault: Fault) async throws -> any ConsoleTarget {
        Terminal.warn("perigee: \(fault.message): running here, without the server's database\n")
        return try await LocalConsole.open(settings)
    }

    @Loop
    static func input(_ settings: Settings) -> any ConsoleInput {
        guard let terminal = RawTerminal() else { return PlainInput() }
        let history = HistoryFile(path: "\(settings.stateDirectory)/console_history")
        return TerminalInput(terminal, history: history)
    }
}
