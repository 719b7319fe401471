import CCurl
import Glibc

extension HTTPClient {
    /// A connection for another protocol (WebSocket), over TCP, TLS (`https`, `wss`) or a Unix socket, under the same
    /// guard, certificates, proxies and connect deadline as requests.
    public func connect(
        to address: WebAddress, unixPath: String? = nil, deadlines: HTTPDeadlines? = nil, guarding: AddressGuard? = nil
    ) async throws -> any ByteTransport {
        if Task.isCancelled { throw Fault.cancelled }
        if isClosed { throw Fault(.unavailable, "connect \(address.origin): the client is closed") }
        var request = HTTPRequest(
            .connect, try WebAddress(scheme: address.scheme, host: address.host, port: address.port))
        request.unixPath = unixPath
        request.deadlines = deadlines
        request.guarding = guarding
        guard unixPath != nil || !(guarding ?? settings.guarding).refuses(literal: address.host) else {
            throw Fault(.denied, "connect \(address.origin): \(address.host) is no public address")
        }
        let connection = try RawConnection(self, request)
        do {
            try await connection.opened.value()
        } catch {
            connection.shut()
            throw Fault(error)
        }
        return connection
    }
}

/// A socket that curl opened and secured, and that is ours from then on.
@Loop
final class RawConnection: ByteTransport, TransferOwner, TurnEnding, Pollable {
    var onBytes: ((UnsafeRawBufferPointer) -> Void)?
    var onClose: (() -> Void)?
    var onDrain: (() -> Void)?
    let opened: Waiter<Void>

    private let client: HTTPClient
    private var transfer: Transfer!
    private var descriptor: Int32 = -1
    private var output: [UInt8] = []
    private var sent = 0
    private var isFlushing = false
    private var isBlocked = false
    private var isClosing = false
    private var isShut = false
    private lazy var again = Timer { [weak self] in self?.read() }
    private lazy var linger = Timer { [weak self] in self?.shut() }

    /// Callers that do not look at `unsentBytes` lose the connection here.
    static let outputLimit = 16 << 20
    private static let lowWater = 64 << 10
    private static let readsPerTurn = 16
    private static let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)

    init(_ client: HTTPClient, _ request: HTTPRequest) throws {
        self.client = client
        opened = Waiter("connect \(request.address.origin)")
        transfer = try Transfer(client.multi, request, client.settings, keepsConnection: true, owner: self)
        transfer.start()
    }

    // MARK: opening

    func transferHasHead(_ transfer: Transfer) {}

    func transfer(_ transfer: Transfer, received bytes: UnsafeRawBufferPointer) -> Bool { true }

    func transfer(_ transfer: Transfer, ended fault: Fault?) {
        if let fault { return opened.finish(.failure(fault)) }
        guard !isShut, ccurl_get_socket(transfer.easy, &descriptor) == CURLE_OK, descriptor >= 0 else {
            transfer.closeConnection()
            return opened.finish(.failure(Fault(.unavailable, "\(transfer.request.subject): the connection was lost")))
        }
        client.multi.release(descriptor)
        Loop.watch(descriptor, .readable, self)
        client.rawConnections[ObjectIdentifier(self)] = self
        opened.finish(.success(()))
    }

    // MARK: ByteTransport

    var unsentBytes: Int { output.count - sent }

    func send(_ bytes: UnsafeRawBufferPointer) {
        guard !isShut, !isClosing else { return }
        output.append(contentsOf: bytes)
        if unsentBytes > RawConnection.outputLimit { return lose() }
        flushSoon()
    }

    var isReadingPaused = false {
        didSet {
            guard isReadingPaused != oldValue, !isShut else { return }
            updateInterest()
            // Bytes may wait inside TLS, where the kernel knows nothing of them.
            if !isReadingPaused { again.schedule(after: .zero) }
        }
    }

    func close() {
        guard !isShut, !isClosing else { return }
        isClosing = true
        (onBytes, onClose, onDrain) = (nil, nil, nil)
        if unsentBytes == 0 { return shut() }
        linger.schedule(after: .seconds(5))
        flushSoon()
    }

    /// Closes at once.
    func shut() {
        guard !isShut else { return }
        isShut = true
        again.cancel()
        linger.cancel()
        if descriptor >= 0 { Loop.unwatch(descriptor) }
        client.rawConnections[ObjectIdentifier(self)] = nil
        transfer.cancel()
        transfer.closeConnection()
    }

    func lose() {
        let told = onClose
        (onBytes, onClose, onDrain) = (nil, nil, nil)
        shut()
        told?()
    }

    // MARK: bytes

    func ready(_ readiness: Readiness) {
        if readiness.contains(.writable) { flush() }
        if isShut { return }
        if isReadingPaused && !readiness.isDisjoint(with: .failed) { return lose() }
        if !isReadingPaused { read() }
    }

    private func read() {
        for _ in 0..<RawConnection.readsPerTurn {
            guard !isShut, !isReadingPaused else { return }
            var count = 0
            let room = RawConnection.scratch
            let result = curl_easy_recv(transfer.easy, room.baseAddress!, room.count, &count)
            if result == CURLE_AGAIN { return }
            guard result == CURLE_OK, count > 0 else { return lose() }
            onBytes?(UnsafeRawBufferPointer(rebasing: room[..<count]))
        }
        again.schedule(after: .zero)
    }

    private func flushSoon() {
        guard !isFlushing, !isBlocked else { return }
        isFlushing = true
        Loop.atTurnEnd(self)
    }

    func turnEnds() {
        isFlushing = false
        flush()
    }

    private func flush() {
        while !isShut, sent < output.count {
            var count = 0
            let result = output.withUnsafeBytes { bytes in
                curl_easy_send(transfer.easy, bytes.baseAddress! + sent, bytes.count - sent, &count)
            }
            if result == CURLE_AGAIN {
                isBlocked = true
                return updateInterest()
            }
            guard result == CURLE_OK else { return lose() }
            sent += count
        }
        wasDrained()
    }

    private func wasDrained() {
        guard !isShut else { return }
        // Somebody may wait for room also when the kernel took all at once.
        let wasFull = output.count >= RawConnection.lowWater
        output.removeAll(keepingCapacity: output.capacity <= RawConnection.lowWater)
        sent = 0
        if isClosing { return shut() }
        if isBlocked {
            isBlocked = false
            updateInterest()
        } else if !wasFull {
            return
        }
        onDrain?()
    }

    private func updateInterest() {
        var interest: Readiness = []
        if !isReadingPaused { interest.insert(.readable) }
        if isBlocked { interest.insert(.writable) }
        Loop.change(descriptor, interest)
    }
}
