/// What became of a run of specs.
public struct SpecReport: Sendable, Equatable {
    public var results: [SpecResult] = []
    /// Spec files that were left out, each with the reason.
    public var skipped: [String] = []
    public var duration = Duration.zero

    public init() {}

    public var failures: [SpecResult] { results.filter { $0.failure != nil } }
}

/// One `it`, or the loading of a file that failed.
public struct SpecResult: Sendable, Equatable {
    /// Such as `hooks/recover_spec.lua`.
    public let file: String
    /// The descriptions around it, from the outside, then its own. Empty for the file as a whole.
    public let path: [String]
    public let failure: SpecFailure?
    public let duration: Duration

    public init(file: String, path: [String], failure: SpecFailure?, duration: Duration = .zero) {
        self.file = file
        self.path = path
        self.failure = failure
        self.duration = duration
    }

    public var name: String { path.isEmpty ? file : path.joined(separator: ": ") }
}

/// Why a spec failed: an expectation that does not hold, or an error.
public struct SpecFailure: Error, Sendable, Equatable {
    public let script: String?
    public let line: Int?
    /// "expected 2, got 3", or the error's own words.
    public let message: String
    public let mismatch: SpecMismatch?
    /// Frames in scripts, innermost first; empty for an expectation, whose line says it all.
    public let traceback: [String]

    public init(
        script: String?, line: Int?, message: String, mismatch: SpecMismatch? = nil, traceback: [String] = []
    ) {
        self.script = script
        self.line = line
        self.message = message
        self.mismatch = mismatch
        self.traceback = traceback
    }

    /// "hooks/recover_spec.lua:12", as far as it is known.
    public var place: String? { script.map { script in line.map { "\(script):\($0)" } ?? script } }
}

/// What an expectation wanted, what it got, and where the two differ.
public struct SpecMismatch: Sendable, Equatable {
    public let expected: String
    public let got: String
    public let difference: [LineDifference]

    public init(expected: String, got: String, difference: [LineDifference] = []) {
        self.expected = expected
        self.got = got
        self.difference = difference
    }

    public var message: String { "expected \(expected), got \(got)" }
}
