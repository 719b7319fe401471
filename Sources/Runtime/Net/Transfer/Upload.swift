import CCurl
import Glibc

/// A request's body that is made while it is sent. The producer is asked for more only when little is left, so it runs at
/// the speed of the network.
@Loop
final class Upload {
    private weak var transfer: Transfer?
    private let length: Int?
    private let produce: @Loop @Sendable () async throws -> [UInt8]?
    private var piece: [UInt8] = []
    private var offset = 0
    private var taken = 0
    private var isFinished = false
    private var isStopped = false
    private var demand: Waiter<Void>?
    private var task: Task<Void, Never>?
    var isPaused = false

    init(
        _ transfer: Transfer, length: Int?, _ produce: @escaping @Loop @Sendable () async throws -> [UInt8]?
    ) {
        self.transfer = transfer
        self.length = length
        self.produce = produce
    }

    func start(in scope: Scope) {
        task = scope.spawn("upload") { [self] in await pump() }
    }

    /// The transfer is over: a producer that still waits is cancelled.
    func stop() {
        isStopped = true
        task?.cancel()
        demand?.finish(.success(()))
    }

    /// Inside curl.
    func read(into room: UnsafeMutableRawBufferPointer) -> Int {
        let rest = piece.count - offset
        guard rest > 0 else {
            if isFinished { return 0 }
            isPaused = true
            transfer?.patience.hold()
            return Int(CURL_READFUNC_PAUSE)
        }
        let count = min(rest, room.count)
        piece.withUnsafeBytes { room.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset..<(offset + count)])) }
        offset += count
        transfer?.patience.moved(at: Loop.now)
        if offset == piece.count { demand?.finish(.success(())) }
        return count
    }

    private func pump() async {
        do {
            while !isStopped {
                if offset < piece.count {
                    let waiter = Waiter<Void>("room for the request's body")
                    demand = waiter
                    defer { demand = nil }
                    try await waiter.value()
                } else if let next = try await produce() {
                    try take(next)
                } else {
                    break
                }
            }
            try end()
        } catch {
            transfer?.fail(Fault(error))
        }
    }

    private func take(_ next: [UInt8]) throws {
        guard !isStopped, !next.isEmpty else { return }
        taken += next.count
        if let length, taken > length { throw mismatch }
        piece = next
        offset = 0
        wake()
    }

    private func end() throws {
        guard !isStopped else { return }
        if let length, taken < length { throw mismatch }
        isFinished = true
        wake()
    }

    private func wake() {
        if isPaused { transfer?.resumeSending() }
    }

    private var mismatch: Fault {
        Fault(
            .invalidInput,
            "\(transfer?.request.subject ?? "a request"): the body has not the \(length ?? 0) bytes promised")
    }
}
