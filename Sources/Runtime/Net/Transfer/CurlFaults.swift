import CCurl
import Glibc

/// curl's codes as faults: the one place where they are put into words. Messages name the request without its query, and
/// never a header.
@Loop
enum CurlFaults {
    static func fault(_ code: CURLcode, _ transfer: Transfer) -> Fault {
        if let own = transfer.ownFault { return own }
        if transfer.refusedAddress != nil { return refusedAddress(transfer) }
        let subject = transfer.request.subject
        let (kind, text, hint) = words(code, transfer)
        return Fault(kind, "\(subject): \(text)", hint: hint)
    }

    static func refusedAddress(_ transfer: Transfer) -> Fault {
        let host = transfer.request.address.host
        let address = transfer.refusedAddress.map { "\($0)" }
        let text =
            address == nil || address == "\(host)" || "[\(address!)]" == "\(host)"
            ? "\(host) is no public address" : "\(host) leads to \(address!), which is no public address"
        return Fault(
            .denied, "\(transfer.request.subject): \(text)", hint: AddressGuard.advice)
    }

    private static func words(_ code: CURLcode, _ transfer: Transfer) -> (Fault.Kind, String, String?) {
        let address = transfer.request.address
        let proxyStatus = proxyStatus(transfer)
        if proxyStatus >= 300 {
            return (.unavailable, "the proxy refused it with \(proxyStatus)", "check the proxy's rules and credentials")
        }
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST:
            return (.unavailable, "the name \(address.host) is not known", "check the name")
        case CURLE_COULDNT_RESOLVE_PROXY: return (.unavailable, "the proxy's name is not known", "check the proxy")
        case CURLE_COULDNT_CONNECT: return (.unavailable, connect(transfer), "is the server up?")
        case CURLE_PEER_FAILED_VERIFICATION:
            return (
                .unavailable, "the server's certificate was not accepted: \(detail(transfer))",
                "trust its authority with a certificate file, or correct the name or the clock"
            )
        case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CIPHER:
            return (.unavailable, "no TLS connection: \(detail(transfer))", "does the server speak TLS on this port?")
        case CURLE_SSL_CACERT_BADFILE:
            let file = transfer.settings.certificates ?? "the system's"
            return (.invalidInput, "the certificate file cannot be read (\(file))", "it must hold PEM certificates")
        case CURLE_SSL_CERTPROBLEM:
            let file = transfer.settings.identity?.certificate ?? "none"
            return (.invalidInput, "the client's certificate cannot be used (\(file))", "it and its key must be PEM")
        case CURLE_GOT_NOTHING: return (.unavailable, "the server closed the connection without an answer", nil)
        case CURLE_PARTIAL_FILE:
            return (.unavailable, "the answer broke off after \(transfer.received) bytes of its body", nil)
        case CURLE_RECV_ERROR: return (.unavailable, "the connection broke\(progress(transfer))", nil)
        case CURLE_SEND_ERROR, CURLE_SEND_FAIL_REWIND:
            return (
                .unavailable, "the connection broke while the request was sent",
                "it is not known whether the request was acted on"
            )
        case CURLE_BAD_CONTENT_ENCODING: return (.unavailable, "the answer's compression is broken", nil)
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY, CURLE_HTTP2, CURLE_HTTP2_STREAM:
            return (.unavailable, "the answer is not HTTP", "is the port the right one?")
        case CURLE_OPERATION_TIMEDOUT: return (.timeout, "it took too long", nil)
        case CURLE_PROXY: return (.unavailable, "the proxy refused", "check the proxy's address and credentials")
        // curl's word for a header field that is longer than it likes (100 KB).
        case CURLE_OUT_OF_MEMORY:
            return (.tooLarge, "the head of the answer is larger than libcurl takes", nil)
        default: return (.unavailable, String(cString: curl_easy_strerror(code)), nil)
        }
    }

    /// Of a CONNECT; 0 when there was none.
    private static func proxyStatus(_ transfer: Transfer) -> Int {
        var status = 0
        _ = ccurl_get_long(transfer.easy, CURLINFO_HTTP_CONNECTCODE, &status)
        return status
    }

    private static func connect(_ transfer: Transfer) -> String {
        let place = transfer.request.unixPath ?? "\(transfer.request.address.host):\(transfer.request.address.port)"
        var code = 0
        _ = ccurl_get_long(transfer.easy, CURLINFO_OS_ERRNO, &code)
        return "no connection to \(place)" + (code == 0 ? "" : " (\(String(cString: strerror(Int32(code)))))")
    }

    private static func progress(_ transfer: Transfer) -> String {
        guard transfer.head.status != 0 else { return " before an answer came" }
        return " after \(transfer.received) bytes of the answer's body"
    }

    /// What OpenSSL said, without curl's own introduction.
    private static func detail(_ transfer: Transfer) -> String {
        let bytes = UnsafeRawBufferPointer(start: transfer.errorText, count: Int(CURL_ERROR_SIZE)).prefix { $0 != 0 }
        let text = String(decoding: bytes, as: UTF8.self)
        let known = "SSL certificate problem: "
        return text.hasPrefix(known) ? String(text.dropFirst(known.count)) : text
    }
}
