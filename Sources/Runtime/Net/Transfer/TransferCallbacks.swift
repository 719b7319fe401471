import CCurl
import CLinux
import Glibc

// What curl calls while it works on a transfer. Each says where it is and hands over; none calls back into curl.

private func transfer(_ pointer: UnsafeMutableRawPointer?) -> Transfer {
    Unmanaged<Transfer>.fromOpaque(pointer!).takeUnretainedValue()
}

func curlGivesBody(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    let transfer = transfer(context)
    nonisolated(unsafe) let bytes = UnsafeRawBufferPointer(start: bytes, count: size * count)
    return Loop.assumeIsolated { transfer.take(bytes) }
}

func curlGivesHead(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    let transfer = transfer(context)
    nonisolated(unsafe) let bytes = UnsafeRawBufferPointer(start: bytes, count: size * count)
    return Loop.assumeIsolated { transfer.takeHead(bytes) } ? size * count : 0
}

func curlWantsBody(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    let transfer = transfer(context)
    nonisolated(unsafe) let room = UnsafeMutableRawBufferPointer(start: bytes, count: size * count)
    return Loop.assumeIsolated { transfer.upload?.read(into: room) ?? Int(CURL_READFUNC_ABORT) }
}

/// Connected, and the request is about to be sent; also when it is about to be sent again.
func curlWillSend(
    _ context: UnsafeMutableRawPointer?, _ peer: UnsafeMutablePointer<CChar>?, _ own: UnsafeMutablePointer<CChar>?,
    _ peerPort: Int32, _ ownPort: Int32
) -> Int32 {
    let transfer = transfer(context)
    let address = peer.map { String(cString: $0) } ?? ""
    return Loop.assumeIsolated { transfer.mayBegin(on: address) } ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
}

func curlOpensSocket(
    _ context: UnsafeMutableRawPointer?, _ purpose: curlsocktype, _ address: UnsafeMutablePointer<curl_sockaddr>
) -> Int32 {
    let transfer = transfer(context)
    let family = address.pointee.family
    let target = ipAddress(address)
    guard Loop.assumeIsolated({ transfer.mayConnect(to: target) }) else { return CURL_SOCKET_BAD }
    let type = address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
    let descriptor = socket(family, type, address.pointee.protocol)
    if descriptor >= 0 { Loop.assumeIsolated { transfer.multi.opened(descriptor) } }
    return descriptor
}

/// Comes with the multi: a pooled connection outlives the transfer that opened it.
func curlClosesSocket(_ multi: UnsafeMutableRawPointer?, _ descriptor: Int32) -> Int32 {
    let multi = Unmanaged<CurlMulti>.fromOpaque(multi!).takeUnretainedValue()
    Loop.assumeIsolated { multi.closed(descriptor) }
    return 0
}

/// Nil for a Unix socket.
private func ipAddress(_ address: UnsafeMutablePointer<curl_sockaddr>) -> IPAddress? {
    let start = UnsafeRawPointer(address) + MemoryLayout<curl_sockaddr>.offset(of: \.addr)!
    switch address.pointee.family {
    case AF_INET: return IPAddress(v4: UInt32(bigEndian: start.loadUnaligned(as: sockaddr_in.self).sin_addr.s_addr))
    case AF_INET6: return IPAddress(start.loadUnaligned(as: sockaddr_in6.self).sin6_addr)
    default: return nil
    }
}

extension Transfer {
    private var guarding: AddressGuard { request.guarding ?? settings.guarding }
    /// Through a proxy the peer is the proxy, which the owner chose; where that connects to is its own policy.
    private var isGuarded: Bool { request.unixPath == nil && settings.proxies.proxy(for: request.address) == nil }

    fileprivate func mayConnect(to address: IPAddress?) -> Bool {
        guard isGuarded, guarding != .open else { return true }
        guard let address, guarding.allows(address, for: request.address.host) else {
            refusedAddress = address
            return false
        }
        return true
    }

    fileprivate func mayBegin(on peer: String) -> Bool {
        timesBegun += 1
        patience.connected(at: Loop.now)
        rearm()
        // A pooled connection was perhaps made for a request with a wider guard.
        if isGuarded, guarding != .open {
            guard let address = IPAddress(peer), guarding.allows(address, for: request.address.host) else {
                refusedAddress = IPAddress(peer)
                ownFault = CurlFaults.refusedAddress(self)
                return false
            }
        }
        guard timesBegun > 1, !mayRepeat else { return true }
        ownFault = Fault(
            .unavailable, "\(request.subject): the connection closed before any answer came",
            hint: "it is not known whether the request was acted on")
        return false
    }

    /// curl begins anew when a pooled connection turns out to be dead. That is right once, and only when nothing had left
    /// or when doing it twice is the same as once.
    private var mayRepeat: Bool {
        guard timesBegun == 2, !request.body.isStream else { return false }
        var sent = 0
        _ = ccurl_get_long(easy, CURLINFO_REQUEST_SIZE, &sent)
        switch request.method {
        case .get, .head, .options, .put, .delete: return true
        default: return sent == 0
        }
    }
}
