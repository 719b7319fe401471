import Glibc
import Runtime

/// What surrounds one runner's process: its environment, its sandbox and its command, made of the specification.
struct RunnerShell: Sendable {
    let command: [String]
    let environment: [String: String]
    let directory: String

    static let privateParts = RunnerSpec.privateParts + ["tmp"]

    /// Blocks: it looks for the program.
    init(
        _ spec: RunnerSpec, _ mark: RunnerMark, port: Int, settings: ProcessSettings, tool: Bubblewrap?,
        threshold: Threshold
    ) throws {
        directory = spec.directory
        environment = RunnerShell.environment(spec, mark, isSandboxed: tool != nil)
        let words = spec.command.isEmpty ? settings.command : spec.command
        let program = try Subprocess.place(of: words[0], along: environment["PATH"])
        let inner = [program] + RunnerShell.arguments(Array(words.dropFirst()), port)
        guard let tool else {
            for mount in spec.mounts where mount.source != mount.target {
                throw Fault(
                    .invalidInput, "without a sandbox a runner cannot see \(mount.source) at \(mount.target)",
                    hint: "install bubblewrap, or let `mounts` keep their paths")
            }
            command = threshold.arguments(inner)
            return
        }
        var sandbox = Sandbox(directory: spec.directory, binds: try RunnerShell.binds(spec, settings, program))
        // Files there are memory, and stay below what the runner may use.
        sandbox.temporaryBytes = spec.limits.disk ?? spec.limits.memory.map { $0 / 2 } ?? sandbox.temporaryBytes
        command = threshold.arguments(sandbox.arguments(tool, inner))
    }

    static func arguments(_ words: [String], _ port: Int) -> [String] {
        guard words.contains(where: { $0.contains("{port}") }) else {
            return words + ["serve", "--hostname", "127.0.0.1", "--port", "\(port)"]
        }
        return words.map { $0.replacing("{port}", with: "\(port)") }
    }

    static func environment(_ spec: RunnerSpec, _ mark: RunnerMark, isSandboxed: Bool) -> [String: String] {
        var variables = spec.environment
        for name in ["LANG", "LC_ALL", "TZ"] where variables[name] == nil {
            variables[name] = getenv(name).map { String(cString: $0) }
        }
        if variables["PATH"] == nil {
            variables["PATH"] = getenv("PATH").map { String(cString: $0) } ?? "/usr/local/bin:/usr/bin:/bin"
        }
        for (name, secret) in spec.secrets { variables[name] = secret.reveal() }
        for part in ["config", "data", "state", "cache"] {
            variables["XDG_\(part.uppercased())_HOME"] = "\(spec.privateDirectory)/\(part)"
        }
        variables["HOME"] = "\(spec.privateDirectory)/home"
        variables["TMPDIR"] = isSandboxed ? "/tmp" : "\(spec.privateDirectory)/tmp"
        variables[RunnerMark.variable] = mark.text
        return variables
    }

    static func binds(_ spec: RunnerSpec, _ settings: ProcessSettings, _ program: String) throws -> [Sandbox.Bind] {
        var binds = settings.readable.map { Sandbox.Bind($0, isReadOnly: true) }
        if !Sandbox.showsAlways(program) { binds.append(Sandbox.Bind(home(of: program), isReadOnly: true)) }
        for mount in spec.mounts {
            guard mount.source.hasPrefix("/"), mount.target.hasPrefix("/"), mount.target != "/" else {
                throw Fault(
                    .invalidInput, "a process cannot mount \(mount.source) at \(mount.target)",
                    hint: "name directories by absolute paths; volumes are for containers")
            }
            binds.append(Sandbox.Bind(mount.source, at: mount.target, isReadOnly: mount.isReadOnly))
        }
        binds.append(Sandbox.Bind(spec.directory))
        return binds + privateParts.map { Sandbox.Bind("\(spec.privateDirectory)/\($0)") }
    }

    /// What of a program in somebody's home is shown: the file alone, or all packages of an npm installation.
    private static func home(of program: String) -> String {
        guard let packages = program.firstRange(of: "/node_modules/") else { return program }
        return String(program[..<packages.upperBound].dropLast())
    }
}
