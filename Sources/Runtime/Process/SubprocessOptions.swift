extension Subprocess {
    /// How a child starts and what becomes of its streams.
    public struct Options: Sendable {
        public var environment: Environment
        /// Where it starts; nil means where we are.
        public var directory: String?
        public var input: Input
        public var output: Output
        public var errors: Output
        /// A session of its own beside its group: it loses the terminal.
        public var ownSession: Bool
        /// How long it may take to end after SIGTERM, before SIGKILL.
        public var grace: Duration
        public var limits: [Limit]

        public init(
            environment: Environment = .inherit(Environment.usual), directory: String? = nil, input: Input = .none,
            output: Output = .collect(1 << 20, .fail), errors: Output = .collect(64 << 10, .keepEnds),
            ownSession: Bool = false, grace: Duration = .seconds(5), limits: [Limit] = []
        ) {
            self.environment = environment
            self.directory = directory
            self.input = input
            self.output = output
            self.errors = errors
            self.ownSession = ownSession
            self.grace = grace
            self.limits = limits
        }
    }

    /// What a child finds in its environment: never simply all of ours, which may hold keys.
    public enum Environment: Sendable {
        case only([String: String])
        case inherit([String], adding: [String: String] = [:])

        public static let usual = ["PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR"]
    }

    public enum Input: Sendable {
        /// The end of input at once.
        case none
        case bytes([UInt8])
        /// What `Subprocess.write` gives it.
        case stream
    }

    public enum Output: Sendable {
        case discard
        /// Kept up to so many bytes, for the result.
        case collect(Int, Overflow)
        /// Read with `Subprocess.output` or `errors`; the child waits when nobody reads.
        case stream
        /// Written by the child itself to the end of a file, which is made with mode 0600: it goes on without us.
        case file(String)
    }

    /// What happens to output that is longer than the bound.
    public enum Overflow: Sendable {
        /// The child is ended and `run` throws `tooLarge`.
        case fail
        /// The newest bytes stay.
        case dropOldest
        /// The first and the last bytes stay, half each.
        case keepEnds
    }

    /// A bound on what the child may use. It is set on the running process right after its start, so it keeps a
    /// program from excess; it is no wall against one that means harm.
    public struct Limit: Sendable, Equatable {
        public enum Resource: Int32, Sendable {
            case cpuSeconds = 0
            case fileBytes = 1
            case coreBytes = 4
            case processes = 6
            case openFiles = 7
            case addressSpaceBytes = 9
        }

        public let resource: Resource
        public let most: UInt64

        public init(_ resource: Resource, _ most: UInt64) {
            self.resource = resource
            self.most = most
        }
    }

    /// How a child ended and what it wrote.
    public struct Result: Sendable {
        public let end: ChildEnd
        public let output: [UInt8]
        public let errors: [UInt8]
        /// Bytes that the bounds let go.
        public let lostOutput: Int
        public let lostErrors: Int

        /// The exit code, or 128 and the signal, as shells say it.
        public var exitCode: Int32 {
            switch end {
            case .exited(let code): code
            case .signalled(let signal): 128 + signal
            }
        }

        public var succeeded: Bool { end == .exited(0) }
        public var outputText: String { String(decoding: output, as: UTF8.self) }
        public var errorText: String { String(decoding: errors, as: UTF8.self) }
    }
}
