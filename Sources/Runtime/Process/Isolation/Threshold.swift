/// A command that enters its control groups and takes its bounds before the program begins, so that nothing it starts
/// is ever outside of them.
public struct Threshold: Sendable, Equatable {
    public var group: ControlGroup?
    /// For want of a control group: how many processes its user may have in all.
    public var processes: Int?
    /// A variable in which the program and all that it starts find its number.
    public let numberVariable: String

    public init(group: ControlGroup? = nil, processes: Int? = nil, numberVariable: String = "FIRST_PID") {
        self.group = group
        self.processes = processes
        self.numberVariable = numberVariable
    }

    /// The code with which it ends when a bound cannot be had.
    public static let refused: Int32 = 125

    /// No text of the caller's is part of the script: all of it comes as arguments. Short of memory, the kernel is to
    /// take these processes before ours.
    private static let script = """
        while [ "$1" != : ]; do echo $$ >"$1/cgroup.procs" || exit 125; shift; done
        ulimit -c 0
        if [ "$2" != - ]; then ulimit -u "$2" || exit 125; fi
        { echo 500 >/proc/$$/oom_score_adj; } 2>/dev/null
        export "$3=$$"
        shift 3
        exec "$@"
        """

    /// In the order in which a shell gets it: groups, a mark, the bound, the variable, the command.
    public func arguments(_ command: [String]) -> [String] {
        ["/bin/sh", "-c", Threshold.script, "sh"] + (group?.directories ?? []) + [
            ":", processes.map { "\($0)" } ?? "-",
        ]
            + command
    }
}
