import Runtime
import Testing

@testable import Host

@Suite("trust in peers")
struct PeerTrustTests {
    static let loopback = Peer.address(IPAddress("127.0.0.1")!, port: 4711)
    static let loopback6 = Peer.address(IPAddress("::1")!, port: 4711)
    static let stranger = Peer.address(IPAddress("192.168.1.7")!, port: 4711)

    @Test(
        "this machine is let in, whatever loopback name it used",
        arguments: [
            (loopback, "127.0.0.1:8000"), (loopback, "127.0.0.1"), (loopback, "localhost:8000"),
            (loopback, "LocalHost"), (loopback, "127.8.9.10:1"), (loopback6, "[::1]:8000"), (loopback6, "[::1]"),
            (.unix, "localhost"), (.unix, "anything.example"), (.unix, ""),
        ])
    func loopbackPeers(peer: Peer, host: String) {
        #expect(PeerTrust.refusal(peer: peer, host: host, [:]) == nil)
    }

    @Test(
        "other machines, and names that were rebound to this one, are not",
        arguments: [
            (stranger, "127.0.0.1:8000"), (stranger, "localhost"), (loopback, "evil.example:8000"), (loopback, ""),
            (loopback, "localhost.evil.example"), (loopback, "127.0.0.1.evil.example"), (loopback, "0.0.0.0:8000"),
            (loopback, "localhost:80:80"), (loopback, "localhost:x"), (loopback6, "[::2]:80"), (loopback6, "[::1"),
            (loopback6, "[::1]x"), (loopback, "192.168.1.7:8000"),
        ])
    func others(peer: Peer, host: String) {
        #expect(PeerTrust.refusal(peer: peer, host: host, [:]) != nil)
    }

    @Test(
        "whoever came through a proxy is nobody known, over the socket too",
        arguments: [
            "X-Forwarded-For", "x-forwarded-proto", "X-Forwarded-Host", "X-Forwarded-Anything", "Forwarded", "Via",
            "X-Real-IP", "CF-Connecting-IP", "True-Client-Ip",
        ])
    func proxies(name: String) {
        for peer in [Self.loopback, Self.loopback6, .unix] {
            let refusal = PeerTrust.refusal(peer: peer, host: "localhost", Headers([(name, "")]))
            #expect(refusal?.contains(name) == true, "\(peer)")
        }
    }

    @Test(
        "pages may ask only their own server",
        arguments: [
            ("Origin", "http://127.0.0.1:8000", true), ("Origin", "HTTP://127.0.0.1:8000", true),
            ("Origin", "http://127.0.0.1:3000", false), ("Origin", "http://localhost:8000", false),
            ("Origin", "https://evil.example", false), ("Origin", "null", false), ("Origin", "", false),
            ("Sec-Fetch-Site", "same-origin", true), ("Sec-Fetch-Site", "none", true),
            ("Sec-Fetch-Site", "cross-site", false), ("Sec-Fetch-Site", "same-site", false),
        ])
    func pages(name: String, value: String, isLetIn: Bool) {
        let headers = Headers([("Accept", "*/*"), (name, value)])
        let refusal = PeerTrust.refusal(peer: Self.loopback, host: "127.0.0.1:8000", headers)
        #expect((refusal == nil) == isLetIn, "\(refusal ?? "let in")")
    }

    @Test("one foreign origin among several is enough")
    func severalOrigins() {
        let headers = Headers([("Origin", "http://localhost"), ("Origin", "http://evil.example")])
        #expect(PeerTrust.refusal(peer: Self.loopback, host: "localhost", headers) != nil)
    }
}
