import Glibc
import Runtime

/// A runner that this Perigee has started and can wait for.
@Loop
final class ProcessLife {
    let mark: RunnerMark
    let child: Subprocess
    let secrets: [Secret]

    init(_ mark: RunnerMark, _ child: Subprocess, _ secrets: [Secret]) {
        self.mark = mark
        self.child = child
        self.secrets = secrets
    }
}

extension ProcessBackend {
    /// How often another port is tried when somebody took the one that was free.
    private static let attempts = 4

    func start(_ spec: RunnerSpec, onProgress: @escaping @Loop (String) -> Void) async throws -> RunnerPlace {
        try await endEarlier(spec.name)
        try await prepare(spec)
        var spec = spec
        let password = spec.secrets[RunnerSpec.passwordVariable] ?? Secret(Random.token())
        spec.secrets[RunnerSpec.passwordVariable] = password
        onProgress("starting the agent")
        for attempt in 1... {
            do {
                let (process, address) = try await launch(spec)
                return RunnerPlace(mode: .process, identity: process.text, address: address, password: password)
            } catch let fault as Fault where fault.kind == .conflict && attempt < ProcessBackend.attempts {
                log.info("a runner's port was taken meanwhile", ["runner": LogValue(spec.name)])
            }
        }
        preconditionFailure("the last attempt returns or throws")
    }

    /// What bears the name already, of us. Another Perigee's runner of the same name has its own directories, port and
    /// mark, and is in nobody's way.
    private func endEarlier(_ name: String) async throws {
        for runner in try await marked() where runner.mark.name == name && runner.mark.owner == settings.owner {
            log.info("ending an earlier runner", ["runner": LogValue(name), "pid": LogValue(Int(runner.first.pid))])
            try await kin(runner.mark.token, root: runner.first.identity).end(grace: .seconds(2))
            lives[runner.mark.token] = nil
        }
    }

    private func prepare(_ spec: RunnerSpec) async throws {
        try await BlockingPool.shared.run("the directories of a runner") {
            for directory in [spec.directory] + [spec.privateDirectory] {
                guard directory.hasPrefix("/"), directory != "/", !directory.split(separator: "/").contains("..") else {
                    throw Fault(.invalidInput, "`\(directory)` is no absolute path for a runner")
                }
            }
            var status = stat()
            guard stat(spec.directory, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
                throw Fault(.notFound, "the workspace \(spec.directory) is no directory")
            }
            // The first of a workspace finds nothing above it either.
            for part in RunnerShell.privateParts {
                try OwnDirectory.make("\(spec.privateDirectory)/\(part)", setting: "STATE_DIR")
            }
        }
    }

    /// One attempt on one port. Cancelled or failed, it leaves nothing behind.
    private func launch(_ spec: RunnerSpec) async throws -> (RunnerProcess, address: String) {
        let mark = try RunnerMark(spec, owner: settings.owner)
        let output = RunnerLog(settings.logs, spec.name)
        do {
            let (shell, limits, size) = try await BlockingPool.shared.settle("the start of a runner") {
                [settings, facts] in
                try ProcessBackend.shell(spec, mark, output, settings, facts)
            }
            let child = try await Subprocess.start(
                shell.command,
                .init(
                    environment: .only(shell.environment), directory: shell.directory, output: .file(output.path),
                    errors: .file(output.path), ownSession: true, limits: limits))
            // None when it has ended already: then `ready` tells why.
            let identity = ProcessTable.identity(of: child.pid)
            let address = try await ready(child, output, from: size, spec)
            guard let identity else { throw Fault(.unavailable, "the runner \(spec.name) ended at once") }
            lives[mark.token] = ProcessLife(mark, child, Array(spec.secrets.values))
            keepsShort(spec.name)
            return (RunnerProcess(identity, mark), address)
        } catch {
            await clear(mark)
            throw error
        }
    }

    private func clear(_ mark: RunnerMark) async {
        do {
            try await kin(mark.token, root: nil).end(grace: .zero)
        } catch {
            log.warning("\(Fault(error).message)", ["runner": LogValue(mark.name)])
        }
    }

    /// On the pool: makes the control group, and everything that the command needs.
    private nonisolated static func shell(
        _ spec: RunnerSpec, _ mark: RunnerMark, _ output: RunnerLog, _ settings: ProcessSettings,
        _ facts: IsolationFacts
    ) throws -> (RunnerShell, [Subprocess.Limit], outputSize: Int) {
        let group = try facts.groups.make(
            ProcessBackend.groupPrefix(settings.owner) + mark.token,
            ControlGroup.Limits(
                memory: spec.limits.memory, cpus: spec.limits.cpus, processes: spec.limits.processes))
        let threshold = Threshold(group: group, numberVariable: RunnerMark.numberVariable)
        let tool = settings.sandbox == .none ? nil : facts.bubblewrap
        output.trim()
        let shell = try RunnerShell(
            spec, mark, port: try FreePort.any(), settings: settings, tool: tool, threshold: threshold)
        return (shell, try limits(spec, facts), output.size)
    }

    /// For want of a control group: its user's processes are counted all together, so that the bound allows for those
    /// that are there.
    private nonisolated static func limits(_ spec: RunnerSpec, _ facts: IsolationFacts) throws -> [Subprocess.Limit] {
        guard let processes = spec.limits.processes, !facts.groups.boundsProcesses, !facts.isRoot else { return [] }
        return [.init(.processes, UInt64(try processes + ProcessTable.tasks(ofUser: geteuid())))]
    }

    /// Waits until it says where it listens: then the port is its own, and the password reaches nobody else.
    private func ready(
        _ child: Subprocess, _ output: RunnerLog, from size: Int, _ spec: RunnerSpec
    ) async throws -> String {
        let end = Instant.clock + spec.startTimeout
        while true {
            let isRunning = child.isRunning
            let text = try await BlockingPool.shared.run("a runner's output") { output.text(from: size) }
            if isRunning, let address = ReadyLine.address(in: text) { return address }
            guard isRunning else { throw early(try await child.value(), text, spec) }
            guard Instant.clock < end else {
                throw Fault(
                    .timeout,
                    "the runner \(spec.name) did not say within \(Units.describe(spec.startTimeout)) where it listens",
                    hint: "see its log; `start_timeout` in the hook `runner` gives it more time")
            }
            try await Loop.sleep(for: .milliseconds(25))
        }
    }

    /// Why it ended before it was of use.
    private func early(_ end: ChildEnd, _ text: String, _ spec: RunnerSpec) -> Fault {
        if ReadyLine.saysPortIsTaken(text) { return Fault(.conflict, "the port of \(spec.name) was taken") }
        let last = spec.secrets.values.hidden(in: text).split(separator: "\n").suffix(3).joined(separator: " / ")
            .prefix(500)
        return Fault(
            .unavailable,
            "the runner \(spec.name) ended before it listened, with \(ProcessLife.words(end))"
                + (last.isEmpty ? "" : ": \(last)"),
            hint: "see whether `opencode serve` starts by hand as Perigee's user; RUNNER_READABLE shows a sandboxed "
                + "one more of the machine")
    }
}
