import CCurl
import Glibc

/// libcurl's multi handle, driven by the loop.
///
/// curl forbids many calls from inside its callbacks, and what users do there is not known; so every call into curl goes
/// through `enter`, callbacks only put down what is to be done, and `settle` does it once curl has returned.
@Loop
final class CurlMulti {
    let handle: UnsafeMutableRawPointer
    private var sockets: [Int32: CurlSocket] = [:]
    private lazy var timer = Timer { [weak self] in self?.act(CURL_SOCKET_TIMEOUT, 0) }
    private var idle: [UnsafeMutableRawPointer] = []
    private var depth = 0
    private var isSettling = false
    private(set) var isClosed = false

    private var adding: [Transfer] = []
    private var removing: [Transfer] = []
    private var resuming: [Transfer] = []
    private var answered: [Transfer] = []

    /// Transfers that have begun and not ended; opened connections are none.
    private(set) var live: [ObjectIdentifier: Transfer] = [:]

    private static let idleLimit = 64

    /// TLS writes raise SIGPIPE when the peer is gone, and curl cannot keep it off a thread that is not its own.
    private static let begin: Void = {
        curl_global_init(Int(CURL_GLOBAL_DEFAULT))
        signal(SIGPIPE, SIG_IGN)
    }()

    init(_ settings: HTTPClientSettings) {
        CurlMulti.begin
        handle = curl_multi_init()!
        let me = Unmanaged.passUnretained(self).toOpaque()
        _ = ccurl_multi_sockets(handle, curlWantsSocket, me)
        _ = ccurl_multi_timer(handle, curlWantsTimer, me)
        _ = ccurl_multi_long(handle, CURLMOPT_MAXCONNECTS, settings.idleConnections)
        _ = ccurl_multi_long(handle, CURLMOPT_MAX_HOST_CONNECTIONS, settings.connectionsPerHost)
        _ = ccurl_multi_long(handle, CURLMOPT_MAX_TOTAL_CONNECTIONS, settings.connections)
    }

    /// Breaks off what lives, so that each owner hears why, then closes the pool. From a callback, soon after it.
    func close(_ fault: Fault) {
        for transfer in live.values { transfer.fail(fault) }
        settle()
        if depth == 0, !isSettling { return cleanUp() }
        Loop.post { self.close(fault) }
    }

    private func cleanUp() {
        guard !isClosed else { return }
        isClosed = true
        timer.cancel()
        enter {
            for easy in idle { curl_easy_cleanup(easy) }
            curl_multi_cleanup(handle)
        }
        idle = []
    }

    // MARK: what transfers ask for

    func add(_ transfer: Transfer) {
        live[ObjectIdentifier(transfer)] = transfer
        adding.append(transfer)
        settle()
    }

    func remove(_ transfer: Transfer) {
        removing.append(transfer)
        settle()
    }

    func resume(_ transfer: Transfer) {
        resuming.append(transfer)
        settle()
    }

    /// The head is complete; its owner hears of it when curl has returned.
    func headCame(_ transfer: Transfer) { answered.append(transfer) }

    func takeEasy() -> UnsafeMutableRawPointer { idle.popLast() ?? curl_easy_init()! }

    func giveBack(_ easy: UnsafeMutableRawPointer) {
        if !isClosed, idle.count < CurlMulti.idleLimit {
            curl_easy_reset(easy)
            idle.append(easy)
        } else {
            curl_easy_cleanup(easy)
        }
    }

    // MARK: into curl and out of it

    func act(_ descriptor: Int32, _ events: Int32) {
        var running: Int32 = 0
        enter { _ = curl_multi_socket_action(handle, descriptor, events, &running) }
        settle()
    }

    func enter(_ call: () -> Void) {
        depth += 1
        call()
        depth -= 1
    }

    private func settle() {
        guard depth == 0, !isSettling, !isClosed else { return }
        isSettling = true
        defer { isSettling = false }
        var isBusy = true
        while isBusy {
            isBusy = false
            while let transfer = removing.popLast() { drop(transfer) }
            for transfer in take(\.adding) where !transfer.isEnded {
                start(transfer)
                isBusy = true
            }
            for transfer in take(\.resuming) where !transfer.isEnded {
                enter { transfer.resumeNow() }
                isBusy = true
            }
            for transfer in take(\.answered) where !transfer.isEnded {
                transfer.tellHead()
                isBusy = true
            }
            isBusy = readEnded() || isBusy
        }
    }

    /// Empties the list before anything is done, because doing it may fill the list again.
    private func take(_ list: ReferenceWritableKeyPath<CurlMulti, [Transfer]>) -> [Transfer] {
        let taken = self[keyPath: list]
        if !taken.isEmpty { self[keyPath: list] = [] }
        return taken
    }

    private func start(_ transfer: Transfer) {
        var result = CURLM_OK
        enter { result = curl_multi_add_handle(handle, transfer.easy) }
        if result == CURLM_OK {
            transfer.isAttached = true
        } else {
            forget(transfer)
            transfer.end(CURLE_FAILED_INIT)
        }
    }

    private func drop(_ transfer: Transfer) {
        forget(transfer)
        if transfer.isAttached { enter { curl_multi_remove_handle(handle, transfer.easy) } }
        transfer.isAttached = false
        transfer.freeHandle()
    }

    private func forget(_ transfer: Transfer) { live[ObjectIdentifier(transfer)] = nil }

    private func readEnded() -> Bool {
        var result = CURLE_OK
        var isBusy = false
        while let easy = ccurl_multi_ended(handle, &result) {
            isBusy = true
            var pointer: UnsafeMutableRawPointer?
            _ = ccurl_get_pointer(easy, CURLINFO_PRIVATE, &pointer)
            let transfer = Unmanaged<Transfer>.fromOpaque(pointer!).takeUnretainedValue()
            guard !transfer.isEnded else { continue }
            // A head that came with the end is told first.
            if let place = answered.firstIndex(where: { $0 === transfer }) {
                answered.remove(at: place)
                transfer.tellHead()
                guard !transfer.isEnded else { continue }
            }
            transfer.readTimings()
            forget(transfer)
            if !(transfer.keepsConnection && result == CURLE_OK) {
                enter { curl_multi_remove_handle(handle, easy) }
                transfer.isAttached = false
            }
            transfer.end(result)
        }
        return isBusy
    }

    // MARK: curl's callbacks

    fileprivate func want(_ descriptor: Int32, _ what: Int32) {
        if what == CURL_POLL_REMOVE { return release(descriptor) }
        var interest: Readiness = []
        if what & CURL_POLL_IN != 0 { interest.insert(.readable) }
        if what & CURL_POLL_OUT != 0 { interest.insert(.writable) }
        if let socket = sockets[descriptor] {
            socket.interest = interest
            Loop.change(descriptor, interest)
        } else {
            let socket = CurlSocket(self, descriptor, interest)
            sockets[descriptor] = socket
            Loop.watch(descriptor, interest, socket)
        }
    }

    /// Nothing of curl's waits for this descriptor any more.
    func release(_ descriptor: Int32) {
        if sockets.removeValue(forKey: descriptor) != nil { Loop.unwatch(descriptor) }
    }

    fileprivate func wait(_ milliseconds: Int) {
        if milliseconds < 0 {
            timer.cancel()
        } else {
            // Never acts at once, not even for 0: curl must not be entered from its own callback.
            timer.schedule(after: .milliseconds(milliseconds))
        }
    }

    /// An attempt that failed to connect is closed without a word; when the next one gets its number, curl sees nothing
    /// new, but the kernel has forgotten what was watched.
    func opened(_ descriptor: Int32) {
        guard let stale = sockets[descriptor] else { return }
        Loop.unwatch(descriptor)
        Loop.watch(descriptor, stale.interest, stale)
    }

    func closed(_ descriptor: Int32) {
        release(descriptor)
        Glibc.close(descriptor)
    }
}

/// One descriptor of curl's in the loop.
@Loop
private final class CurlSocket: Pollable {
    private unowned let multi: CurlMulti
    private let descriptor: Int32
    var interest: Readiness

    init(_ multi: CurlMulti, _ descriptor: Int32, _ interest: Readiness) {
        self.multi = multi
        self.interest = interest
        self.descriptor = descriptor
    }

    func ready(_ readiness: Readiness) {
        var events: Int32 = 0
        if readiness.contains(.readable) { events |= CURL_CSELECT_IN }
        if readiness.contains(.writable) { events |= CURL_CSELECT_OUT }
        if !readiness.isDisjoint(with: .failed) { events |= CURL_CSELECT_ERR | CURL_CSELECT_IN }
        multi.act(descriptor, events)
    }
}

private func curlWantsSocket(
    _ easy: UnsafeMutableRawPointer, _ descriptor: Int32, _ what: Int32, _ multi: UnsafeMutableRawPointer?,
    _ socket: UnsafeMutableRawPointer?
) -> Int32 {
    let multi = Unmanaged<CurlMulti>.fromOpaque(multi!).takeUnretainedValue()
    Loop.assumeIsolated { multi.want(descriptor, what) }
    return 0
}

private func curlWantsTimer(
    _ handle: UnsafeMutableRawPointer, _ milliseconds: Int, _ multi: UnsafeMutableRawPointer?
) -> Int32 {
    let multi = Unmanaged<CurlMulti>.fromOpaque(multi!).takeUnretainedValue()
    Loop.assumeIsolated { multi.wait(milliseconds) }
    return 0
}
