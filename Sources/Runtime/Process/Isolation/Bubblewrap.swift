import Glibc

/// The program that makes sandboxes (Debian: `bubblewrap`), and what this version of it can do.
public struct Bubblewrap: Sendable, Equatable {
    public let path: String
    /// Options that it knows.
    let options: Set<String>
    /// Parts of /proc that are the whole machine's and that root's files stay writable in, whatever its capabilities.
    let maskedPaths: [String]

    func has(_ option: String) -> Bool { options.contains(option) }

    /// Looks for it and tries the very sandbox that runners get; throws what is missing and what to do.
    @Loop
    public static func found() async throws -> Bubblewrap {
        let quick = Subprocess.Options(output: .collect(64 << 10, .dropOldest))
        return try await Deadline.within(.seconds(20)) {
            // Its help ends with another code than 0 in some versions; what it prints counts.
            let help = try await Subprocess.run(["bwrap", "--help"], quick)
            let words = (help.outputText + help.errorText).split { $0 == " " || $0 == "\n" }.map(String.init)
            let path = try await BlockingPool.shared.run("looking for bwrap") { try Launch(["bwrap"], quick).path }
            let tool = Bubblewrap(
                path: path, options: Set(words.filter { $0.hasPrefix("--") }),
                maskedPaths: geteuid() == 0 ? machineWide.filter { access($0, F_OK) == 0 } : [])
            let trial = try await Subprocess.run(
                Sandbox(directory: "/", binds: []).arguments(tool, ["/bin/sh", "-c", "exit 0"]), quick)
            guard trial.succeeded else {
                throw Fault(
                    .unavailable,
                    "bubblewrap makes no sandbox here: \(trial.errorText.split(separator: "\n").last ?? "")",
                    hint: "let this user make user namespaces (sysctl kernel.unprivileged_userns_clone=1, or an "
                        + "AppArmor profile for bwrap); in a container it needs seccomp and AppArmor unconfined")
            }
            return tool
        }
    }

    private static let machineWide = [
        "/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs", "/proc/acpi", "/proc/scsi",
        "/proc/mtrr", "/proc/dynamic_debug",
    ]
}
