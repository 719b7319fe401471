import Testing

@testable import Runtime

@Suite("what proxies say about clients")
struct ForwardingTests {
    private let proxy = Peer.address(IPAddress("10.0.0.1")!, port: 5)
    private let trusted = [AddressRange("10.0.0.0/8")!, AddressRange("2001:db8::/32")!]

    private func read(_ headers: Headers, from peer: Peer? = nil, unix: Bool = false) -> [String] {
        let made = Forwarding(headers: headers, peer: peer ?? proxy, trusted: trusted, trustsUnix: unix, host: "inside")
        return [made.address, made.scheme, made.host]
    }

    @Test("nothing is believed from a peer that is not listed")
    func stranger() {
        let headers: Headers = ["X-Forwarded-For": "1.2.3.4", "X-Forwarded-Proto": "https", "Forwarded": "for=1.2.3.4"]
        #expect(read(headers, from: .address(IPAddress("11.0.0.1")!, port: 1)) == ["11.0.0.1", "http", "inside"])
        #expect(read(headers, from: .unix) == ["unix", "http", "inside"])
        let plain: Headers = ["X-Forwarded-For": "1.2.3.4"]
        #expect(read(plain, from: .unix, unix: true)[0] == "1.2.3.4")
    }

    @Test("the client is the last hop that no listed peer vouches for")
    func hops() {
        let cases: [(Headers, [String])] = [
            (["X-Forwarded-For": "1.2.3.4"], ["1.2.3.4", "http", "inside"]),
            (["X-Forwarded-For": "6.6.6.6, 1.2.3.4, 10.2.2.2"], ["1.2.3.4", "http", "inside"]),
            (["X-Forwarded-For": "6.6.6.6", "x-forwarded-for": "1.2.3.4"], ["1.2.3.4", "http", "inside"]),
            (["X-Forwarded-For": "1.2.3.4:99, [2001:db8::1]:80"], ["1.2.3.4", "http", "inside"]),
            (["X-Forwarded-For": "nonsense, 10.2.2.2"], ["10.2.2.2", "http", "inside"]),
            (["X-Forwarded-For": "nonsense"], ["10.0.0.1", "http", "inside"]),
            (
                ["X-Forwarded-For": "1.2.3.4", "X-Forwarded-Proto": "HTTPS", "X-Forwarded-Host": "a.example"],
                ["1.2.3.4", "https", "a.example"]
            ),
            (["X-Forwarded-Proto": "gopher", "X-Forwarded-Host": "a b"], ["10.0.0.1", "http", "inside"]),
            (
                ["Forwarded": "for=6.6.6.6;host=evil, for=\"[2001:db9::1]:4\";proto=https;host=good, for=10.1.1.1"],
                ["2001:db9::1", "https", "good"]
            ),
            (["Forwarded": "for=unknown;proto=https"], ["10.0.0.1", "https", "inside"]),
        ]
        for (headers, expected) in cases {
            #expect(read(headers) == expected, "\(headers.map { "\($0.name): \($0.value)" })")
        }
    }

    @Test(
        "ranges hold what they should",
        arguments: [
            ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.1", false), ("1.2.3.4", "1.2.3.4", true),
            ("1.2.3.4", "1.2.3.5", false), ("0.0.0.0/0", "8.8.8.8", true), ("0.0.0.0/0", "::1", false),
            ("::/0", "::1", true), ("2001:db8::/33", "2001:db8:8000::1", false), ("fe80::/10", "febf::1", true),
            ("1.2.3.4/31", "1.2.3.5", true), ("::ffff:1.2.3.4", "1.2.3.4", true),
        ])
    func ranges(_ range: String, _ address: String, _ holds: Bool) {
        #expect(AddressRange(range)?.contains(IPAddress(address)!) == holds)
    }

    @Test(
        "nonsense is no range",
        arguments: ["", "a", "1.2.3.4/33", "1.2.3.4/-1", "::/129", "1.2.3/8", "1.2.3.4/8/9", "/8"])
    func nonsense(_ text: String) {
        #expect(AddressRange(text) == nil)
    }
}
