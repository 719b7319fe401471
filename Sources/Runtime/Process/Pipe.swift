import CLinux
import Glibc

/// A descriptor that is closed when nobody owns it any more.
final class Descriptor: Sendable {
    private let number: Locked<Int32>

    init(_ number: Int32) { self.number = Locked(number) }

    deinit { close() }

    var value: Int32 { number.withLock { $0 } }

    /// Hands it over: the taker closes it.
    func take() -> Int32 {
        number.withLock { number in
            defer { number = -1 }
            return number
        }
    }

    func close() {
        let number = take()
        if number >= 0 { Glibc.close(number) }
    }
}

/// The three streams of a child: our ends, and the ends that it gets.
struct ChildStreams: Sendable {
    let input: Descriptor?
    let output: Descriptor?
    let errors: Descriptor?
    let childInput: Descriptor
    let childOutput: Descriptor
    let childErrors: Descriptor

    init(_ options: Subprocess.Options) throws {
        if case .none = options.input {
            (input, childInput) = (nil, try ChildStreams.null(O_RDONLY))
        } else {
            let (reader, writer) = try ChildStreams.pipe()
            (input, childInput) = (writer, try ChildStreams.forChild(reader))
        }
        (output, childOutput) = try ChildStreams.outward(options.output)
        (errors, childErrors) = try ChildStreams.outward(options.errors)
    }

    func closeChildEnds() {
        childInput.close()
        childOutput.close()
        childErrors.close()
    }

    private static func outward(_ output: Subprocess.Output) throws -> (Descriptor?, Descriptor) {
        switch output {
        case .discard: return (nil, try null(O_WRONLY))
        case .file(let path): return (nil, try file(path))
        case .collect, .stream:
            let (reader, writer) = try pipe()
            return (reader, try forChild(writer))
        }
    }

    /// Not through a link, which somebody else may have put there.
    private static func file(_ path: String) throws -> Descriptor {
        let number = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0o600)
        guard number >= 0 else { throw Fault.system("open", path, errno: errno) }
        return try forChild(Descriptor(number))
    }

    private static func pipe() throws -> (reader: Descriptor, writer: Descriptor) {
        var ends: [Int32] = [-1, -1]
        guard clinux_pipe(&ends) == 0 else { throw Fault.system("pipe", "for a child", errno: errno) }
        return (Descriptor(ends[0]), Descriptor(ends[1]))
    }

    private static func null(_ mode: Int32) throws -> Descriptor {
        let number = open("/dev/null", mode | O_CLOEXEC)
        guard number >= 0 else { throw Fault.system("open", "/dev/null", errno: errno) }
        return try forChild(Descriptor(number))
    }

    /// Programs expect blocking streams. The number must not be one of the three that the child's are put on.
    private static func forChild(_ end: Descriptor) throws -> Descriptor {
        let flags = fcntl(end.value, F_GETFL)
        guard flags >= 0, fcntl(end.value, F_SETFL, flags & ~O_NONBLOCK) == 0 else {
            throw Fault.system("fcntl", "for a child's stream", errno: errno)
        }
        guard end.value < 3 else { return end }
        let moved = fcntl(end.value, F_DUPFD_CLOEXEC, 3)
        guard moved >= 0 else { throw Fault.system("fcntl", "for a child's stream", errno: errno) }
        return Descriptor(moved)
    }
}

/// Reads what a child writes. A receiver that returns false pauses it until `resume`.
@Loop
final class PipeReader: Pollable {
    private let descriptor: Descriptor
    private let number: Int32
    private var isWatched = false
    private let onBytes: (UnsafeRawBufferPointer) -> Bool
    private let onEnd: () -> Void
    private(set) var isEnded = false

    private static let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)

    init(_ descriptor: Descriptor, onBytes: @escaping (UnsafeRawBufferPointer) -> Bool, onEnd: @escaping () -> Void) {
        self.descriptor = descriptor
        number = descriptor.value
        self.onBytes = onBytes
        self.onEnd = onEnd
        resume()
    }

    func resume() {
        guard !isEnded, !isWatched else { return }
        isWatched = true
        Loop.watch(number, .readable, self)
    }

    /// A paused reader is not watched at all: the kernel would report the hang-up of the other end again and again.
    private func pause() {
        guard isWatched else { return }
        isWatched = false
        Loop.unwatch(number)
    }

    func close() {
        guard !isEnded else { return }
        isEnded = true
        pause()
        descriptor.close()
        onEnd()
    }

    func ready(_ readiness: Readiness) {
        // Not until empty: a child that never stops writing must not hold the turn.
        for _ in 0..<4 {
            let count = read(number, PipeReader.scratch.baseAddress, PipeReader.scratch.count)
            if count < 0 && (errno == EAGAIN || errno == EINTR) { return }
            guard count > 0 else { return close() }
            let bytes = UnsafeRawBufferPointer(rebasing: PipeReader.scratch[..<count])
            let goesOn = onBytes(bytes)
            if isEnded { return }
            if !goesOn { return pause() }
        }
    }
}

/// Gives a child its input as fast as it reads it.
@Loop
final class PipeWriter: Pollable {
    private let descriptor: Descriptor
    private let number: Int32
    private var parts: [ArraySlice<UInt8>] = []
    private var isWatched = false
    private var closesWhenEmpty = false
    private var roomWaiters: [Waiter<Void>] = []
    private(set) var unsent = 0
    private(set) var isClosed = false

    /// A writer waits while more than this is unsent.
    static let highWater = 256 << 10

    /// The kernel answers a write to nobody with a signal that would end us; an error is what we want.
    private static let brokenPipesAreErrors: Void = { _ = signal(SIGPIPE, SIG_IGN) }()

    init(_ descriptor: Descriptor) {
        _ = PipeWriter.brokenPipesAreErrors
        self.descriptor = descriptor
        number = descriptor.value
    }

    /// False when the child reads no more.
    func send(_ bytes: [UInt8]) -> Bool {
        guard !isClosed, !closesWhenEmpty else { return false }
        if !bytes.isEmpty { parts.append(bytes[...]) }
        unsent += bytes.count
        if !isWatched { flush() }
        return !isClosed
    }

    /// Waits until there is room again; false when the child reads no more.
    func room() async throws -> Bool {
        while !isClosed && unsent > PipeWriter.highWater {
            let waiter = Waiter<Void>("the child's reading")
            roomWaiters.append(waiter)
            defer { roomWaiters.removeAll { $0 === waiter } }
            try await waiter.value()
        }
        return !isClosed
    }

    /// Closes when everything is sent.
    func finish() {
        closesWhenEmpty = true
        if parts.isEmpty { close() }
    }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        parts = []
        unsent = 0
        watch(false)
        descriptor.close()
        tellRoom()
    }

    func ready(_ readiness: Readiness) { flush() }

    private func flush() {
        var allowance = 16
        while let part = parts.first, allowance > 0 {
            allowance -= 1
            let count = part.withUnsafeBytes { write(number, $0.baseAddress, min($0.count, 64 << 10)) }
            if count < 0 && errno == EINTR { continue }
            if count < 0 && errno == EAGAIN { break }
            guard count > 0 else { return close() }
            unsent -= count
            if count == part.count { parts.removeFirst() } else { parts[0] = part.dropFirst(count) }
        }
        watch(!parts.isEmpty)
        if unsent <= PipeWriter.highWater { tellRoom() }
        if parts.isEmpty && closesWhenEmpty { close() }
    }

    private func watch(_ wanted: Bool) {
        guard wanted != isWatched else { return }
        isWatched = wanted
        if wanted { Loop.watch(number, .writable, self) } else { Loop.unwatch(number) }
    }

    private func tellRoom() {
        for waiter in roomWaiters { waiter.finish(.success(())) }
    }
}
