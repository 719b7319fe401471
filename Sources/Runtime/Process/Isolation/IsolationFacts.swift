import Glibc

/// What this machine lets us do to keep processes apart.
public struct IsolationFacts: Sendable {
    /// One part of it, in words.
    public struct Line: Sendable, Equatable {
        public let subject: String
        public let isGood: Bool
        public let text: String
        public let advice: String?
    }

    public let bubblewrap: Bubblewrap?
    /// Why there is no sandbox.
    public let whyNoSandbox: Fault?
    public let groups: ControlGroups
    public let isRoot: Bool

    /// Looks, and leaves everything as it is.
    @Loop
    public static func look() async throws -> IsolationFacts {
        let groups = try await BlockingPool.shared.run("control groups") { ControlGroups.found() }
        return try await facts(groups)
    }

    /// The same, and makes control groups ready for use: see `ControlGroups.prepared`.
    @Loop
    public static func prepare() async throws -> IsolationFacts {
        let groups = try await BlockingPool.shared.run("control groups") { ControlGroups.prepared() }
        return try await facts(groups)
    }

    @Loop
    private static func facts(_ groups: ControlGroups) async throws -> IsolationFacts {
        do {
            return IsolationFacts(
                bubblewrap: try await Bubblewrap.found(), whyNoSandbox: nil, groups: groups, isRoot: geteuid() == 0)
        } catch let fault as Fault where fault.kind != .cancelled {
            return IsolationFacts(bubblewrap: nil, whyNoSandbox: fault, groups: groups, isRoot: geteuid() == 0)
        }
    }

    public var lines: [Line] {
        [sandbox, memory, processes, processors, ending] + (isRoot ? [root] : [])
    }

    private var sandbox: Line {
        guard let bubblewrap else {
            let missing = whyNoSandbox?.kind == .notFound
            return Line(
                subject: "sandbox", isGood: false,
                text: (missing ? "bubblewrap is not installed" : whyNoSandbox?.message ?? "there is none")
                    + ": runners can read and change whatever Perigee's user can",
                advice: missing ? "apt-get install bubblewrap" : whyNoSandbox?.hint)
        }
        return Line(subject: "sandbox", isGood: true, text: "bubblewrap at \(bubblewrap.path)", advice: nil)
    }

    private var memory: Line {
        bound(groups.boundsMemory, "memory", "one runner can use up the machine's")
    }

    private var processors: Line {
        bound(groups.boundsCPU, "cpu", "a busy runner slows down the others")
    }

    private var processes: Line {
        guard !groups.boundsProcesses else { return bound(true, "processes", "") }
        return bound(
            false, "processes",
            isRoot
                ? "root may have any number of processes" : "they are bounded together with all others of this user")
    }

    private func bound(_ isGood: Bool, _ subject: String, _ otherwise: String) -> Line {
        Line(
            subject: subject, isGood: isGood,
            text: isGood ? "bounded for each runner by a control group" : "no control group bounds it: \(otherwise)",
            advice: isGood ? nil : "delegate control groups: Delegate=yes and DelegateSubgroup=perigee in the unit")
    }

    private var ending: Line {
        let isSure = bubblewrap != nil || groups.isUsable
        return Line(
            subject: "ending", isGood: isSure,
            text: isSure
                ? "a runner ends with all that it started"
                : "a process that empties its environment and leaves its parents outlives its runner",
            advice: isSure ? nil : "a sandbox or control groups make it certain")
    }

    private var root: Line {
        Line(
            subject: "user", isGood: false,
            text: "Perigee runs as root: what a runner finds a way to, it may change",
            advice: "give Perigee a user of its own")
    }
}
