import Glibc

/// A child process: started from a list of arguments, never through a shell, in a process group of its own.
///
/// Who starts one stops it. Ending means SIGTERM to the group, a grace, SIGKILL to the group; it is reaped always.
@Loop
public final class Subprocess {
    public let pid: Int32
    /// The first argument, for messages; the others may hold secrets.
    public let name: String
    public private(set) var output: ByteStream?
    public private(set) var errors: ByteStream?

    private let options: Options
    private let exit: ChildExit
    private let input: PipeWriter?
    private var readers: [PipeReader] = []
    private var collectedOutput: Collector?
    private var collectedErrors: Collector?
    private var groupStop: GroupStop?
    /// How it ended, or why it is being ended by us.
    private let ended: Waiter<ChildEnd>
    private var streamsEnded: Waiter<Void>?

    /// How long what the child left in its pipes is read after its end. Descendants that keep them open wait for nobody.
    private static let linger = Duration.milliseconds(250)

    fileprivate init(_ launch: Launch, _ exit: ChildExit, _ options: Options, _ streams: ChildStreams) {
        pid = exit.pid
        name = launch.program
        self.exit = exit
        self.options = options
        ended = Waiter(launch.program)
        input = streams.input.map { PipeWriter($0) }
        exit.onEnd = { [self] end in childEnded(end) }
        if let pipe = streams.output { (output, collectedOutput) = receive(pipe, options.output) }
        if let pipe = streams.errors { (errors, collectedErrors) = receive(pipe, options.errors) }
        if case .bytes(let bytes) = options.input {
            _ = input?.send(bytes)
            input?.finish()
        }
    }

    // MARK: running

    /// Runs a program to its end. Its exit code is the caller's to judge; what throws is a failed start, output beyond
    /// a `.fail` bound, cancellation, or a passed deadline, and then its group has ended when this returns.
    public static func run(_ arguments: [String], _ options: Options = Options()) async throws -> Result {
        let child = try await start(arguments, options)
        do {
            let end = try await child.ended.value()
            await child.drain()
            // A quick child has ended before its last words are read.
            for collector in [child.collectedOutput, child.collectedErrors] {
                if let bytes = collector?.bytes, bytes.isRefused { throw child.tooMuch(bytes.limit) }
            }
            return Result(
                end: end, output: child.collectedOutput?.bytes.bytes ?? [],
                errors: child.collectedErrors?.bytes.bytes ?? [], lostOutput: child.collectedOutput?.bytes.lost ?? 0,
                lostErrors: child.collectedErrors?.bytes.lost ?? 0)
        } catch {
            await child.stop()
            throw error
        }
    }

    /// Starts a program and returns at once; the caller reads, writes, waits and stops.
    public static func start(_ arguments: [String], _ options: Options = Options()) async throws -> Subprocess {
        try Task.checkCancellation()
        let claim = LaunchClaim()
        do {
            try await BlockingPool.shared.run("starting \(arguments.first ?? "nothing")") {
                let launch = try Launch(arguments, options)
                let streams = try ChildStreams(options)
                OwnChildren.beginStart()
                do {
                    let pid = try launch.spawn(streams)
                    Loop.post { claim.started(launch, pid, options, streams) }
                } catch {
                    OwnChildren.endStart()
                    throw error
                }
            }
        } catch {
            claim.abandon()
            throw error
        }
        return try claim.take()
    }

    /// Where a program is that a name or path stands for, all links followed. Blocks for a moment.
    public nonisolated static func place(of program: String, along path: String? = nil) throws -> String {
        try Launch.place(of: program, along: path)
    }

    /// Waits for its end. The child goes on when the waiting task is cancelled.
    public func value() async throws -> ChildEnd { try await exit.value() }

    public var isRunning: Bool { exit.end == nil }

    /// Sends a signal to the child alone; false when it has ended.
    @discardableResult
    public func signal(_ signal: Int32) -> Bool { exit.signal(signal) }

    /// Ends the whole group and returns when it is gone; also a cancelled task may wait here.
    public func stop(grace: Duration? = nil) async {
        let grace = grace ?? options.grace
        if let groupStop { groupStop.hurry(grace: grace) } else { groupStop = GroupStop(exit, grace: grace) }
        await groupStop?.settled()
        closeStreams()
    }

    // MARK: input

    /// Gives it bytes, waiting while it is slow to read them. For `.stream` input.
    public func write(_ bytes: [UInt8]) async throws {
        guard let input else { throw Fault(.invalidInput, "\(name) was started without input") }
        guard try await input.room(), input.send(bytes) else {
            throw Fault(.unavailable, "\(name) reads no more input", isRetryable: false)
        }
    }

    /// The end of its input, after what was written.
    public func finishInput() { input?.finish() }

    // MARK: output

    private func receive(_ pipe: Descriptor, _ output: Output) -> (ByteStream?, Collector?) {
        switch output {
        case .discard, .file: return (nil, nil)
        case .stream:
            let stream = ByteStream("output of \(name)")
            let reader = PipeReader(pipe, onBytes: { stream.take($0) }) { [weak self] in
                stream.end()
                self?.streamEnded()
            }
            stream.onRoom = { [weak reader] in reader?.resume() }
            stream.onAbandon = { [weak reader] in reader?.close() }
            readers.append(reader)
            return (stream, nil)
        case .collect(let limit, let overflow):
            let collector = Collector(BoundedBytes(limit: limit, overflow: overflow))
            let tooMuch = tooMuch(limit)
            let reader = PipeReader(
                pipe,
                onBytes: { [weak self] bytes in
                    guard collector.bytes.append(bytes) else {
                        self?.ended.finish(.failure(tooMuch))
                        return false
                    }
                    return true
                }, onEnd: { [weak self] in self?.streamEnded() })
            readers.append(reader)
            return (nil, collector)
        }
    }

    private func tooMuch(_ limit: Int) -> Fault {
        Fault(.tooLarge, "\(name) wrote more than \(Units.describe(bytes: limit))")
    }

    /// The streams that somebody reads end with the child's own; only a collected one must not wait for descendants.
    private func childEnded(_ end: ChildEnd) {
        input?.close()
        groupStop?.look()
        ended.finish(.success(end))
    }

    private func drain() async {
        if readers.contains(where: { !$0.isEnded }) {
            let waiter = Waiter<Void>("the rest of the output of \(name)")
            streamsEnded = waiter
            // Whatever ends this wait, what was read by then is the output.
            _ = try? await Deadline.within(Subprocess.linger) { try await waiter.value() }
        }
        closeStreams()
    }

    private func streamEnded() {
        if readers.allSatisfy(\.isEnded) { streamsEnded?.finish(.success(())) }
    }

    private func closeStreams() {
        input?.close()
        for reader in readers { reader.close() }
    }

    private final class Collector {
        var bytes: BoundedBytes
        init(_ bytes: BoundedBytes) { self.bytes = bytes }
    }
}

/// Takes over a child that a thread of the pool has started, or ends it when its caller has gone meanwhile.
@Loop
private final class LaunchClaim {
    private var child: Swift.Result<Subprocess, any Error>?
    private var isAbandoned = false

    nonisolated init() {}

    func started(_ launch: Launch, _ pid: Int32, _ options: Subprocess.Options, _ streams: ChildStreams) {
        defer { OwnChildren.endStart() }
        do {
            let child = Subprocess(launch, try ChildExit(pid: pid), options, streams)
            self.child = .success(child)
            if isAbandoned { kill(-pid, SIGKILL) }
        } catch {
            // Without a descriptor to watch it, it is ended and reaped here: after SIGKILL that is a moment.
            kill(-pid, SIGKILL)
            waitpid(pid, nil, 0)
            child = .failure(error)
        }
    }

    func abandon() {
        isAbandoned = true
        if case .success(let child) = child { kill(-child.pid, SIGKILL) }
    }

    func take() throws -> Subprocess { try child!.get() }
}
