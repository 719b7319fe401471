import CCurl
import Glibc

/// Who a transfer works for.
@Loop
protocol TransferOwner: AnyObject {
    /// The head is complete. Not called from inside curl.
    func transferHasHead(_ transfer: Transfer)
    /// Bytes of the body, inside curl. False: these are taken, and no more are wanted until `resume`.
    func transfer(_ transfer: Transfer, received bytes: UnsafeRawBufferPointer) -> Bool
    /// The last call. Not called from inside curl, and never after `cancel`.
    func transfer(_ transfer: Transfer, ended fault: Fault?)
}

/// One request over one connection: an easy handle and what curl must not outlive.
///
/// The multi holds it while it lives. It ends once: by curl's word, by one of its deadlines, or by `cancel`.
@Loop
final class Transfer {
    let multi: CurlMulti
    let request: HTTPRequest
    let settings: HTTPClientSettings
    let easy: UnsafeMutableRawPointer
    /// Held until the end, so that an exchange lives as long as its transfer does.
    private var owner: (any TransferOwner)?

    /// For raw connections: the socket stays open when the transfer has ended.
    let keepsConnection: Bool
    var isAttached = false
    private(set) var isEnded = false
    private(set) var head: HeadReader
    private(set) var received = 0
    private(set) var sent = 0
    private(set) var timings = TransferTimings()
    /// Why we broke it off, which curl only knows as "aborted by callback".
    var ownFault: Fault?
    /// An address that the guard refused; another one of the same name may still do.
    var refusedAddress: IPAddress?
    var timesBegun = 0

    var patience: Patience
    private lazy var timer = Timer { [weak self] in self?.timeIsUp() }
    private var isHandleFree = false
    /// What curl reads without copying.
    var headerList: UnsafeMutablePointer<curl_slist>?
    var payload: UnsafeMutableRawBufferPointer?
    let errorText = UnsafeMutableRawPointer.allocate(byteCount: Int(CURL_ERROR_SIZE), alignment: 1)
    var upload: Upload?

    private var wantsPause = false
    private var isPaused = false

    init(
        _ multi: CurlMulti, _ request: HTTPRequest, _ settings: HTTPClientSettings, totalFrom: Instant? = nil,
        keepsConnection: Bool = false, owner: any TransferOwner
    ) throws {
        self.multi = multi
        self.request = request
        self.settings = settings
        self.owner = owner
        self.keepsConnection = keepsConnection
        let now = Instant.clock
        patience = Patience(request.deadlines ?? settings.deadlines, began: now, totalFrom: totalFrom ?? now)
        head = HeadReader(limit: settings.headLimit)
        easy = multi.takeEasy()
        errorText.initializeMemory(as: UInt8.self, repeating: 0, count: Int(CURL_ERROR_SIZE))
        do {
            try TransferSetup(self).apply()
        } catch {
            freeHandle()
            throw error
        }
    }

    func start() {
        rearm()
        multi.add(self)
    }

    /// Ends it without a further word to the owner; the connection closes unless the answer was complete.
    func cancel() {
        guard !isEnded else { return }
        isEnded = true
        owner = nil
        timer.cancel()
        upload?.stop()
        readTimings()
        multi.remove(self)
    }

    // MARK: the body's flow

    func resume() {
        guard !isEnded else { return }
        wantsPause = false
        patience.release(at: Loop.now)
        rearm()
        if isPaused { multi.resume(self) }
    }

    /// Upload bytes have come.
    func resumeSending() {
        guard !isEnded else { return }
        patience.release(at: Loop.now)
        rearm()
        multi.resume(self)
    }

    func take(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard !isEnded, let owner else { return 0 }
        if wantsPause {
            isPaused = true
            return Int(CURL_WRITEFUNC_PAUSE)
        }
        if let limit = request.bodyLimit ?? settings.bodyLimit, received + bytes.count > limit {
            ownFault = Fault(.tooLarge, "\(request.subject): the answer is larger than \(Units.describe(bytes: limit))")
            return 0
        }
        received += bytes.count
        patience.moved(at: Loop.now)
        if !owner.transfer(self, received: bytes), !isEnded {
            wantsPause = true
            patience.hold()
        }
        return bytes.count
    }

    func takeHead(_ line: UnsafeRawBufferPointer) -> Bool {
        switch head.take(line) {
        case .more: return !isEnded
        case .complete:
            patience.headCame(at: Loop.now)
            rearm()
            multi.headCame(self)
            return !isEnded
        case .tooLarge:
            let limit = Units.describe(bytes: settings.headLimit)
            ownFault = Fault(.tooLarge, "\(request.subject): the head of the answer is larger than \(limit)")
            return false
        case .malformed:
            ownFault = Fault(.unavailable, "\(request.subject): the head of the answer is not HTTP")
            return false
        }
    }

    // MARK: for the multi

    func resumeNow() {
        isPaused = false
        upload?.isPaused = false
        curl_easy_pause(easy, CURLPAUSE_CONT)
    }

    func tellHead() {
        readTimings()
        owner?.transferHasHead(self)
    }

    func end(_ code: CURLcode) { finish(code == CURLE_OK ? nil : CurlFaults.fault(code, self)) }

    private func finish(_ fault: Fault?) {
        guard !isEnded else { return }
        isEnded = true
        timer.cancel()
        upload?.stop()
        if fault != nil || !keepsConnection { freeHandle() }
        let owner = owner
        self.owner = nil
        owner?.transfer(self, ended: fault)
    }

    /// For a kept connection: closes it.
    func closeConnection() {
        if isEnded, isAttached { multi.remove(self) }
    }

    /// Breaks it off for a reason of ours.
    func fail(_ fault: Fault) {
        guard !isEnded else { return }
        let owner = owner
        cancel()
        owner?.transfer(self, ended: fault)
    }

    /// Gives the easy handle back, once, when curl no longer uses it, and frees what only curl read.
    func freeHandle() {
        guard !isHandleFree else { return }
        isHandleFree = true
        multi.giveBack(easy)
        errorText.deallocate()
        curl_slist_free_all(headerList)
        payload?.deallocate()
        (headerList, payload) = (nil, nil)
    }

    // MARK: deadlines

    /// The timer fires no later than the next deadline; that it may fire early spares moving it for every piece.
    func rearm() {
        guard let next = patience.next?.moment else { return }
        timer.schedule(at: next)
    }

    private func timeIsUp() {
        let now = Loop.now
        noticeSending(now)
        guard let passed = patience.passed(at: now) else { return rearm() }
        fail(patience.fault(passed, request.subject))
    }

    /// A long body on its way is a sign of life that curl tells nobody about.
    private func noticeSending(_ now: Instant) {
        let before = sent
        readTimings()
        if sent > before { patience.moved(at: now) }
    }
}

extension Transfer {
    func readTimings() {
        guard isAttached else { return }
        timings.lookup = time(CURLINFO_NAMELOOKUP_TIME_T)
        timings.connect = time(CURLINFO_CONNECT_TIME_T)
        timings.secure = time(CURLINFO_APPCONNECT_TIME_T)
        timings.firstByte = time(CURLINFO_STARTTRANSFER_TIME_T)
        timings.total = time(CURLINFO_TOTAL_TIME_T)
        var connections = 0
        _ = ccurl_get_long(easy, CURLINFO_NUM_CONNECTS, &connections)
        timings.isReused = connections == 0 && timesBegun > 0
        var size: curl_off_t = 0
        _ = ccurl_get_size(easy, CURLINFO_SIZE_UPLOAD_T, &size)
        sent = Int(size)
    }

    private func time(_ which: CURLINFO) -> Duration {
        var microseconds: curl_off_t = 0
        _ = ccurl_get_size(easy, which, &microseconds)
        return .microseconds(Int64(microseconds))
    }
}
