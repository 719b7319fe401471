/// A command that enters its control group and takes its bounds before the program begins, so that nothing it starts is
/// ever outside of them.
public struct Threshold: Sendable, Equatable {
    public let group: ControlGroup?
    /// A variable in which the program and all that it starts find its number.
    public let numberVariable: String

    public init(group: ControlGroup?, numberVariable: String) {
        self.group = group
        self.numberVariable = numberVariable
    }

    /// The code with which it ends when its group cannot be entered.
    public static let refused: Int32 = 125

    /// No text of the caller's is part of the script: all of it comes as arguments. Short of memory, the kernel is to
    /// take these processes before ours.
    private static let script = """
        while [ "$1" != : ]; do echo $$ >"$1/cgroup.procs" || exit 125; shift; done
        ulimit -c 0
        { echo 500 >/proc/$$/oom_score_adj; } 2>/dev/null
        export "$2=$$"
        shift 2
        exec "$@"
        """

    /// In the order in which a shell gets it: groups, a mark, the variable, the command.
    public func arguments(_ command: [String]) -> [String] {
        ["/bin/sh", "-c", Threshold.script, "sh"] + (group?.directories ?? []) + [":", numberVariable] + command
    }
}
