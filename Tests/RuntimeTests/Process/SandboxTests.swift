import Glibc
import TestSupport
import Testing

@testable import Runtime

@Suite("sandbox", .serialized)
@Loop
struct SandboxTests {
    /// Runs a shell script inside, with what it may see.
    private func run(
        _ script: String, _ change: (inout Sandbox) -> Void = { _ in }, in directory: TemporaryDirectory,
        environment: [String: String] = [:]
    ) async throws -> Subprocess.Result? {
        guard TestEnvironment.program("bwrap", for: "the sandbox") != nil else { return nil }
        let tool = try await Bubblewrap.found()
        directory.write("mine", to: "own/file")
        directory.write("theirs", to: "other/file")
        var sandbox = Sandbox(directory: "\(directory.path)/own", binds: [.init("\(directory.path)/own")])
        change(&sandbox)
        return try await Deadline.within(.seconds(30)) {
            try await Subprocess.run(
                sandbox.arguments(tool, ["/bin/sh", "-c", script]),
                .init(environment: .only(environment.merging(["PATH": "/usr/bin:/bin"]) { $1 }), ownSession: true))
        }
    }

    @Test("its own directory can be written, the system read, and everything else is not there")
    func files() async throws {
        let directory = TemporaryDirectory()
        let script = """
            echo new > made && cat file; pwd
            cat ../other/file; ls \(directory.path); ls /root /home /srv /opt /var/lib /run /sys /boot
            cat /etc/shadow; ls /etc/ssl/private
            for place in / /usr /etc /dev /proc /proc/sys/kernel; do touch $place/x && echo WROTE $place; done
            (: >> /proc/sys/kernel/core_pattern) && echo WROTE core_pattern
            touch /tmp/x /dev/shm/x /var/tmp/y && ls /tmp/x /tmp/y
            """
        guard let result = try await run(script, in: directory) else { return }
        #expect(
            result.outputText == "mine\(directory.path)/own\nown\n/tmp/x\n/tmp/y\n", "\(result.errorText)")
        #expect(access("\(directory.path)/own/made", F_OK) == 0)
    }

    @Test("it has no capabilities, gets none, and makes no namespaces")
    func privileges() async throws {
        let script = """
            grep -E '^(Cap|NoNewPrivs)' /proc/self/status
            unshare --user true 2>/dev/null && echo NAMESPACE; cat /proc/sys/kernel/hostname
            """
        guard let result = try await run(script, in: TemporaryDirectory()) else { return }
        let lines = result.outputText.split(separator: "\n")
        #expect(lines.filter { $0.hasPrefix("Cap") }.allSatisfy { $0.hasSuffix("0000000000000000") })
        #expect(lines.contains("NoNewPrivs:\t1") && lines.last == "runner" && !lines.contains("NAMESPACE"))
    }

    @Test("it sees no process but its own, and signals none")
    func processes() async throws {
        let victim = try await Subprocess.start(["sleep", "600"])
        let script = "ls /proc | grep -c '^[0-9]'; kill -9 \(victim.pid) 2>/dev/null && echo KILLED; kill -9 -1; true"
        guard let result = try await run(script, in: TemporaryDirectory()) else { return }
        let count = Int(result.outputText.split(separator: "\n").first ?? "") ?? 0
        #expect((1...5).contains(count) && !result.outputText.contains("KILLED"))
        #expect(victim.isRunning)
        await victim.stop(grace: .zero)
    }

    @Test("without the network there is only itself; with it, what listens here is reached")
    func network() async throws {
        let script = "readlink /proc/self/ns/net"
        let directory = TemporaryDirectory()
        let own = try await Subprocess.run(["readlink", "/proc/self/ns/net"]).outputText
        guard let alone = try await run(script, { $0.sharesNetwork = false }, in: directory) else { return }
        #expect(alone.succeeded && alone.outputText != own)
        let shared = try await run(script, in: directory)
        #expect(shared?.outputText == own)
    }

    @Test("secrets go by the environment, and no command line has them")
    func secrets() async throws {
        let script = """
            echo $KEY
            all=$(cat /proc/[0-9]*/cmdline | tr '\\0' ' ')
            case "$all" in *"$KEY"*) echo SEEN;; esac
            """
        guard let result = try await run(script, in: TemporaryDirectory(), environment: ["KEY": "hush"]) else { return }
        #expect(result.outputText == "hush\n")
        let tool = Bubblewrap(path: "/usr/bin/bwrap", options: ["--size"], maskedPaths: [])
        let words = Sandbox(directory: "/w", binds: [.init("/w")]).arguments(tool, ["opencode"])
        #expect(!words.contains("--setenv"))
    }

    @Test("what is bound inside of another is seen, read-only where it says so, and /tmp has its bound")
    func binds() async throws {
        let directory = TemporaryDirectory()
        let script = """
            cat inner/file; echo x > inner/file; echo y > file && cat file
            head -c 3000000 /dev/zero > /tmp/big; wc -c < /tmp/big
            """
        let result = try await run(
            script,
            { sandbox in
                sandbox.temporaryBytes = 1 << 20
                mkdir("\(directory.path)/own/inner", 0o755)
                sandbox.binds.append(
                    .init("\(directory.path)/other", at: "\(directory.path)/own/inner", isReadOnly: true))
            }, in: directory)
        guard let result else { return }
        let text = result.outputText
        #expect(text.hasPrefix("theirsy\n") && text.hasSuffix("1048576\n"), "\(text) \(result.errorText)")
    }

    @Test("what this machine can do is said, with what to do about the rest")
    func facts() async throws {
        let facts = try await IsolationFacts.look()
        #expect(facts.lines.map(\.subject).prefix(5) == ["sandbox", "memory", "processes", "cpu", "ending"])
        #expect(facts.lines.allSatisfy { $0.isGood || $0.advice != nil || $0.subject == "sandbox" })
        let none = IsolationFacts(
            bubblewrap: nil, whyNoSandbox: Fault(.notFound, "x"), groups: ControlGroups(places: []), isRoot: false)
        #expect(none.lines.allSatisfy { !$0.isGood && $0.advice != nil })
        #expect(none.lines.first?.advice == "apt-get install bubblewrap")
    }
}
