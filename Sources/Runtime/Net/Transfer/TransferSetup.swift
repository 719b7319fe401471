import CCurl
import Glibc

/// Tells curl what one request needs. A handle is fresh or reset, so what is not said here is curl's default.
@Loop
struct TransferSetup {
    private let transfer: Transfer
    private let easy: UnsafeMutableRawPointer
    private var request: HTTPRequest { transfer.request }
    private var settings: HTTPClientSettings { transfer.settings }

    init(_ transfer: Transfer) {
        self.transfer = transfer
        easy = transfer.easy
    }

    func apply() throws {
        try place()
        connection()
        callbacks()
        security()
        proxy()
        if transfer.keepsConnection {
            long(CURLOPT_CONNECT_ONLY, 1)
        } else {
            try fields()
            method()
            if request.decompresses { text(CURLOPT_ACCEPT_ENCODING, "gzip, br") }
        }
    }

    private func place() throws {
        let address = request.address
        let scheme = address.scheme.isSecure ? "https" : "http"
        text(CURLOPT_URL, "\(scheme)://\(address.authority)\(address.target)")
        text(CURLOPT_PROTOCOLS_STR, "http,https")
        // The address is normal already; whatever curl thinks of dots, what was checked is what is sent.
        long(CURLOPT_PATH_AS_IS, 1)
        if let path = request.unixPath {
            guard path.hasPrefix("/"), path.utf8.count < 108, !path.utf8.contains(0) else {
                throw Fault(
                    .invalidInput, "\(request.subject): not a usable path of a socket",
                    hint: "absolute, in the file system, and shorter than 108 bytes")
            }
            text(CURLOPT_UNIX_SOCKET_PATH, path)
        }
    }

    private func connection() {
        long(CURLOPT_NOSIGNAL, 1)
        long(CURLOPT_BUFFERSIZE, max(1024, settings.receiveBuffer))
        long(CURLOPT_TCP_KEEPALIVE, 1)
        long(CURLOPT_MAXAGE_CONN, Int(max(1, settings.idleAge.milliseconds / 1000)))
        // The connect deadline is ours; curl's own of five minutes must not come first.
        long(CURLOPT_CONNECTTIMEOUT, 86_400)
        // Without it, giving up a lookup would block the loop until the resolver's thread has ended.
        long(CURLOPT_QUICK_EXIT, 1)
        let version = request.allowsHTTP2 && !transfer.keepsConnection ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1
        long(CURLOPT_HTTP_VERSION, version)
    }

    private func callbacks() {
        let me = Unmanaged.passUnretained(transfer).toOpaque()
        _ = ccurl_set_pointer(easy, CURLOPT_PRIVATE, me)
        _ = ccurl_set_pointer(easy, CURLOPT_ERRORBUFFER, transfer.errorText)
        _ = ccurl_set_pointer(easy, CURLOPT_WRITEDATA, me)
        _ = ccurl_set_bytes(easy, CURLOPT_WRITEFUNCTION, curlGivesBody)
        _ = ccurl_set_pointer(easy, CURLOPT_HEADERDATA, me)
        _ = ccurl_set_bytes(easy, CURLOPT_HEADERFUNCTION, curlGivesHead)
        _ = ccurl_set_pointer(easy, CURLOPT_PREREQDATA, me)
        _ = ccurl_set_prereq(easy, CURLOPT_PREREQFUNCTION, curlWillSend)
        _ = ccurl_set_pointer(easy, CURLOPT_OPENSOCKETDATA, me)
        _ = ccurl_set_open(easy, CURLOPT_OPENSOCKETFUNCTION, curlOpensSocket)
        _ = ccurl_set_pointer(easy, CURLOPT_CLOSESOCKETDATA, Unmanaged.passUnretained(transfer.multi).toOpaque())
        _ = ccurl_set_close(easy, CURLOPT_CLOSESOCKETFUNCTION, curlClosesSocket)
    }

    private func security() {
        long(CURLOPT_SSL_VERIFYPEER, 1)
        long(CURLOPT_SSL_VERIFYHOST, 2)
        long(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        if let file = settings.certificates {
            text(CURLOPT_CAINFO, file)
            text(CURLOPT_PROXY_CAINFO, file)
        }
        if let identity = settings.identity {
            text(CURLOPT_SSLCERT, identity.certificate)
            text(CURLOPT_SSLKEY, identity.key)
        }
    }

    /// An empty name keeps curl from looking into the environment.
    private func proxy() {
        guard request.unixPath == nil, let proxy = settings.proxies.proxy(for: request.address) else {
            return text(CURLOPT_PROXY, "")
        }
        text(CURLOPT_PROXY, proxy.origin + (proxy.authority.hasSuffix("\(proxy.port)") ? "" : ":\(proxy.port)"))
        text(CURLOPT_NOPROXY, "")
        long(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        if transfer.keepsConnection { long(CURLOPT_HTTPPROXYTUNNEL, 1) }
        guard let userinfo = proxy.userinfo else { return }
        let parts = userinfo.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        text(CURLOPT_PROXYUSERNAME, String(decoding: PercentText.decoded(String(parts[0])), as: UTF8.self))
        if parts.count == 2 {
            text(CURLOPT_PROXYPASSWORD, String(decoding: PercentText.decoded(String(parts[1])), as: UTF8.self))
        }
    }

    private func fields() throws {
        var list: UnsafeMutablePointer<curl_slist>?
        defer { transfer.headerList = list }
        for (name, value) in request.headers {
            guard !name.isEmpty, name.utf8.allSatisfy(\.isTokenByte),
                value.utf8.allSatisfy({ $0 >= 32 && $0 != 127 || $0 == 9 })
            else {
                throw Fault(.invalidInput, "\(request.subject): a header has a byte that must not be sent")
            }
            if ["content-length", "transfer-encoding", "expect", "connection"].contains(name.lowercased()) {
                throw Fault(
                    .invalidInput, "\(request.subject): the header \(name) is set by the client itself",
                    hint: "leave it out")
            }
            // curl takes "Name:" as "do not send"; a field without value is said with a semicolon.
            list = curl_slist_append(list, value.isEmpty ? "\(name);" : "\(name): \(value)")
        }
        list = curl_slist_append(list, "Expect:")
        if !request.headers.contains("content-type") { list = curl_slist_append(list, "Content-Type:") }
        if !request.headers.contains("user-agent") { text(CURLOPT_USERAGENT, settings.userAgent) }
        _ = ccurl_set_list(easy, CURLOPT_HTTPHEADER, list)
    }

    private func method() {
        let name = request.method.rawValue
        switch request.body {
        case .none:
            switch request.method {
            case .head: long(CURLOPT_NOBODY, 1)
            case .post, .put, .patch: post([], name)
            case .get: long(CURLOPT_HTTPGET, 1)
            default:
                long(CURLOPT_HTTPGET, 1)
                text(CURLOPT_CUSTOMREQUEST, name)
            }
        case .bytes(let bytes): post(bytes, name)
        case .stream(let length, _):
            long(CURLOPT_UPLOAD, 1)
            _ = ccurl_set_size(easy, CURLOPT_INFILESIZE_LARGE, curl_off_t(length ?? -1))
            _ = ccurl_set_pointer(easy, CURLOPT_READDATA, Unmanaged.passUnretained(transfer).toOpaque())
            _ = ccurl_set_bytes(easy, CURLOPT_READFUNCTION, curlWantsBody)
            long(CURLOPT_UPLOAD_BUFFERSIZE, 16 << 10)
            text(CURLOPT_CUSTOMREQUEST, name)
        }
    }

    /// As post fields head and a small body leave in one packet.
    private func post(_ bytes: [UInt8], _ name: String) {
        let payload = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, bytes.count), alignment: 1)
        payload.copyBytes(from: bytes)
        transfer.payload = payload
        long(CURLOPT_POST, 1)
        _ = ccurl_set_size(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(bytes.count))
        _ = ccurl_set_pointer(easy, CURLOPT_POSTFIELDS, payload.baseAddress)
        if name != "POST" { text(CURLOPT_CUSTOMREQUEST, name) }
    }

    private func long(_ option: CURLoption, _ value: Int) {
        let result = ccurl_set_long(easy, option, value)
        precondition(result == CURLE_OK, "libcurl does not know option \(option.rawValue)")
    }

    private func text(_ option: CURLoption, _ value: String) {
        let result = ccurl_set_text(easy, option, value)
        precondition(result == CURLE_OK, "libcurl does not take option \(option.rawValue)")
    }
}
