import FakeOpencode
import Glibc
import Runtime

/// The double as a program: `opencode --version` and `opencode serve [--port N] [--hostname H]`.
@main
struct Program {
    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        if arguments.first == "--version" || arguments.first == "-v" {
            say(ProgramSettings.version)
            exit(0)
        }
        guard arguments.first == "serve" else {
            say("usage: opencode serve [--port N] [--hostname H] | opencode --version")
            exit(1)
        }
        let port = option("--port", arguments).flatMap { Int($0) } ?? 0
        let host = option("--hostname", arguments) ?? "127.0.0.1"
        // No handler for signals: like the original it dies at once.
        exit(Loop.run { await serve(host, port) })
    }

    /// A line that leaves at once, also into a pipe.
    private static func say(_ line: String) {
        print(line)
        fflush(nil)
    }

    /// `--name value` or `--name=value`.
    private static func option(_ name: String, _ arguments: [String]) -> String? {
        if let place = arguments.firstIndex(of: name), place + 1 < arguments.count { return arguments[place + 1] }
        return arguments.first { $0.hasPrefix("\(name)=") }.map { String($0.dropFirst(name.count + 1)) }
    }

    @Loop
    private static func serve(_ host: String, _ port: Int) async -> Int32 {
        let scope = Scope("opencode") { task, error in say("\(task): \(Fault(error))") }
        let settings: FakeSettings
        do {
            settings = try ProgramSettings.read()
        } catch {
            say(Fault(error).message)
            return 1
        }
        let fake = FakeOpencode(settings, scope: scope)
        fake.modes = ProgramSettings.modes
        fake.onCrash = { kill(getpid(), SIGKILL) }
        guard let port = listen(fake, host, port) else { return 1 }
        if fake.modes.newMajor {
            say("server listening on http://\(host):\(port)\nserver password \(fake.password)")
        } else {
            if settings.password == nil {
                say("Warning: OPENCODE_SERVER_PASSWORD is not set; server is unsecured.")
            }
            say("opencode server listening on http://\(host):\(port)")
        }
        // Serves until a signal ends the process.
        try? await Waiter<Void>("the end of the program").value()  // nothing finishes it
        return 0
    }

    /// Port 0 stands for 4096 or, when that is taken, any.
    @Loop
    private static func listen(_ fake: FakeOpencode, _ host: String, _ port: Int) -> Int? {
        for candidate in port == 0 ? [4096, 0] : [port] {
            do {
                return try fake.listen(host: host, port: candidate)
            } catch {
                if candidate != 4096 || port != 0 {
                    say("Failed to start server on port \(port): \(Fault(error).message)")
                }
            }
        }
        return nil
    }
}
