import Glibc

/// The real `git`, by arguments and never through a shell, in an environment of its own: no configuration of the machine
/// or of a user, no hook, no prompt, and only the protocols that the settings allow.
///
/// It is only ever run in directories that are Perigee's own. What an agent can write, its repository's configuration
/// above all, git would take orders from; such a place is read as data, by `AgentRepository` in Host.
@Loop
public final class Git {
    public let settings: GitSettings
    private let credentials: CredentialDesk?

    /// Writes the configuration that every call sees. `credentials` answers git's questions for passwords.
    public static func open(_ settings: GitSettings, credentials: CredentialDesk? = nil) async throws -> Git {
        let (home, text) = (settings.home, GitConfiguration.text)
        try await BlockingPool.shared.run("opening \(home)") {
            guard mkdir(home, 0o700) == 0 || errno == EEXIST else { throw Fault.system("make", home, errno: errno) }
            try AtomicFile.write(Array(text.utf8), to: "\(home)/gitconfig", mode: 0o600)
        }
        return Git(settings, credentials)
    }

    private init(_ settings: GitSettings, _ credentials: CredentialDesk?) {
        self.settings = settings
        self.credentials = credentials
    }

    /// The version, as git says it; a fault where there is none that can be used.
    public func version() async throws -> String {
        let text = try await run(GitCall(["version"])).text
        return String(text.dropFirst("git version ".count).prefix { $0 != "\n" })
    }

    /// Runs it to its end, which is success: everything else is a fault with git's own words.
    @discardableResult
    public func run(_ call: GitCall) async throws -> GitOutput {
        let output = try await attempt(call)
        guard output.code == 0 else { throw GitFaults.fault(call, output) }
        return output
    }

    /// The same where another code than 0 is an answer too.
    public func attempt(_ call: GitCall) async throws -> GitOutput {
        let pass = try call.login.flatMap { try credentials?.admit($0) }
        defer { if let pass { credentials?.dismiss(pass) } }
        let limit = call.deadline ?? (call.usesNetwork ? settings.networkDeadline : settings.deadline)
        do {
            return try await Deadline.within(limit) { try await start(call, pass) }
        } catch let fault as Fault where fault.kind == .tooLarge && call.overflow == .fail {
            throw Fault(.tooLarge, "git \(call.verb): \(fault.message)", hint: "ask for less of it")
        } catch let fault as Fault where fault.message.hasPrefix("start \(settings.program)") {
            throw Fault(
                .unavailable, "git is not there, or cannot be run: \(fault.message)",
                hint: "install git, or say with GIT_BIN where it is")
        } catch let fault as Fault where fault.kind == .timeout {
            throw Fault(.timeout, "git \(call.verb) took longer than \(Units.describe(limit))", isRetryable: true)
        }
    }

    private func start(_ call: GitCall, _ pass: CredentialDesk.Pass?) async throws -> GitOutput {
        var options = Subprocess.Options(
            environment: environment(call, pass), directory: call.place.directory,
            input: call.input.isEmpty ? .none : .bytes(call.input), output: .collect(call.limit, call.overflow))
        options.ownSession = true
        options.grace = .seconds(2)
        let arguments = [settings.program] + (pass?.options ?? []) + call.arguments
        guard let onProgress = call.onProgress else {
            let result = try await Subprocess.run(arguments, options)
            return GitOutput(result.exitCode, result.output, result.errorText, lost: result.lostOutput)
        }
        options.errors = .stream
        return try await followed(arguments, options, onProgress)
    }

    /// Reads what it says on the way as it comes.
    private func followed(
        _ arguments: [String], _ options: Subprocess.Options, _ onProgress: @Loop (GitProgress) -> Void
    ) async throws -> GitOutput {
        var options = options
        options.output = .discard
        let child = try await Subprocess.start(arguments, options)
        do {
            var reader = GitProgressReader()
            while let bytes = try await child.errors?.next() {
                for progress in reader.read(bytes) { onProgress(progress) }
            }
            let end = try await child.value()
            let code: Int32 =
                switch end {
                case .exited(let code): code
                case .signalled(let signal): 128 + signal
                }
            return GitOutput(code, [], reader.words, lost: 0)
        } catch {
            await child.stop()
            throw error
        }
    }

    private func environment(_ call: GitCall, _ pass: CredentialDesk.Pass?) -> Subprocess.Environment {
        var variables = call.place.variables
        variables["HOME"] = settings.home
        variables["XDG_CONFIG_HOME"] = settings.home
        variables["GIT_CONFIG_GLOBAL"] = "\(settings.home)/gitconfig"
        variables["GIT_ALLOW_PROTOCOL"] = (call.protocols ?? settings.protocols).joined(separator: ":")
        variables["GIT_SSH_COMMAND"] = settings.ssh
        for (name, value) in GitConfiguration.variables { variables[name] = value }
        for (name, value) in call.variables { variables[name] = value }
        for (name, value) in pass?.variables ?? [:] { variables[name] = value }
        return .inherit(GitConfiguration.inherited, adding: variables)
    }
}

/// What one run of git came to.
public struct GitOutput: Sendable {
    public let code: Int32
    public let bytes: [UInt8]
    /// What it said beside its output, credentials taken out.
    public let words: String
    /// Bytes of the output that the bound let go.
    public let lost: Int

    init(_ code: Int32, _ bytes: [UInt8], _ words: String, lost: Int) {
        self.code = code
        self.bytes = bytes
        self.words = GitFaults.clean(words)
        self.lost = lost
    }

    public var text: String { String(decoding: bytes, as: UTF8.self) }
    /// The first line without its end.
    public var line: String { String(text.prefix { $0 != "\n" }) }
    public var lines: [String] { text.split(separator: "\n").map(String.init) }
    /// The parts between NUL characters.
    public var fields: [String] { bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) } }
}
