import Runtime
import Testing

@Suite("web addresses")
struct WebAddressTests {
    @Test(
        "what means the same is written the same",
        arguments: [
            ("http://example.com", "http://example.com/"),
            ("HTTP://EXAMPLE.com:80/", "http://example.com/"),
            ("https://example.com:443/a", "https://example.com/a"),
            ("https://example.com:8443", "https://example.com:8443/"),
            ("http://h/%7euser/%41%2f%c3%a9", "http://h/~user/A%2F%C3%A9"),
            ("http://h/é|x", "http://h/%C3%A9%7Cx"),
            ("http://h/a/./b/../c/%2e%2e/d", "http://h/a/d"),
            ("http://h/../../etc/passwd", "http://h/etc/passwd"),
            ("http://h?q=a b".replacingBlank, "http://h/?q=a%20b"),
            ("http://h/?a[]=1&b=%zz".replacingBroken, "http://h/?a[]=1&b=%25zz"),
            ("http://h/#frag", "http://h/#frag"),
            ("http://192.0.2.1:81/", "http://192.0.2.1:81/"),
            ("http://[2001:DB8:0:0::1]/", "http://[2001:db8::1]/"),
            ("http://a_b.c-d.xn--bcher-kva.example./", "http://a_b.c-d.xn--bcher-kva.example./"),
            ("ws://h/", "ws://h/"), ("wss://h:443/", "wss://h/"), ("http://h:/", "http://h/"),
        ])
    func normal(_ text: String, _ expected: String) throws {
        let address = try WebAddress(text)
        #expect(address.description == expected)
        #expect(try WebAddress(address.description) == address, "reading it again changes nothing")
    }

    @Test(
        "what some reader could take for something else is refused",
        arguments: [
            "", "example.com", "/path", "//host/path", "http:", "http:/x", "http:///x", "http://", "ftp://h/",
            "javascript:alert(1)",
            "file:///etc/passwd", "http://user@h/", "http://user:secret@h/", "http://h@evil/", "http://h\\@evil/",
            "http://h/a b",
            "http://h/\n", "http://h/\u{0}", "http://h:0/", "http://h:65536/", "http://h:+80/", "http://h:8a/",
            "http://h/%", "http://h/%4", "http://h/%zz", "http://2130706433/", "http://0x7f000001/", "http://0x7f.1/",
            "http://127.1/", "http://0177.0.0.1/", "http://127.0.0.1.5/", "http://1.2.3.256/", "http://1.2.3.4./",
            "http://[::1/", "http://[::1]x/", "http://[fe80::1%25eth0]/", "http://[1.2.3.4]/", "http://[]/",
            "http://bücher.example/", "http://a..b/", "http://-a.b/", "http://a-.b/", "http://a b/", "http://.a/",
            "http://a%2eb/",
            "http://\(String(repeating: "a", count: 64)).example/", "http://h/\(String(repeating: "a", count: 40000))",
        ])
    func refused(_ text: String) {
        let fault = #expect(throws: Fault.self) { try WebAddress(text) }
        #expect(fault?.message.contains("secret") == false)
    }

    @Test("references resolve as RFC 3986 §5.4 lists them", arguments: rfc3986)
    func resolution(_ reference: String, _ expected: String) throws {
        let base = try WebAddress("http://a/b/c/d;p?q")
        #expect(try base.resolving(reference).description == expected)
    }

    static let rfc3986 = [
        ("g", "http://a/b/c/g"), ("./g", "http://a/b/c/g"), ("g/", "http://a/b/c/g/"), ("/g", "http://a/g"),
        ("//g", "http://g/"), ("?y", "http://a/b/c/d;p?y"), ("g?y", "http://a/b/c/g?y"), ("#s", "http://a/b/c/d;p?q#s"),
        ("g#s", "http://a/b/c/g#s"), ("g?y#s", "http://a/b/c/g?y#s"), (";x", "http://a/b/c/;x"),
        ("g;x", "http://a/b/c/g;x"),
        ("g;x?y#s", "http://a/b/c/g;x?y#s"), ("", "http://a/b/c/d;p?q"), (".", "http://a/b/c/"),
        ("./", "http://a/b/c/"),
        ("..", "http://a/b/"), ("../", "http://a/b/"), ("../g", "http://a/b/g"), ("../..", "http://a/"),
        ("../../", "http://a/"), ("../../g", "http://a/g"), ("../../../g", "http://a/g"),
        ("../../../../g", "http://a/g"),
        ("/./g", "http://a/g"), ("/../g", "http://a/g"), ("g.", "http://a/b/c/g."), (".g", "http://a/b/c/.g"),
        ("g..", "http://a/b/c/g.."), ("..g", "http://a/b/c/..g"), ("./../g", "http://a/b/g"),
        ("./g/.", "http://a/b/c/g/"),
        ("g/./h", "http://a/b/c/g/h"), ("g/../h", "http://a/b/c/h"), ("g;x=1/./y", "http://a/b/c/g;x=1/y"),
        ("g;x=1/../y", "http://a/b/c/y"), ("g?y/./x", "http://a/b/c/g?y/./x"), ("g?y/../x", "http://a/b/c/g?y/../x"),
        ("g#s/./x", "http://a/b/c/g#s/./x"), ("https://other/x", "https://other/x"),
    ]

    @Test("a reference to another kind of scheme goes nowhere")
    func strangeReference() throws {
        let base = try WebAddress("http://a/b")
        for reference in ["g:h", "mailto:a@b", "http:g"] {
            #expect(throws: Fault.self) { try base.resolving(reference) }
        }
    }

    @Test("queries and segments are built without room for injection")
    func building() throws {
        let base = try WebAddress("http://h/api?v=1#there")
        let made = base.adding(query: [("q", "a&b=c d+é"), ("empty", "")])
        #expect(made.target == "/api?v=1&q=a%26b%3Dc%20d%2B%C3%A9&empty=")
        #expect(try base.appending(segment: "a/b?c").path == "/api/a%2Fb%3Fc")
        #expect(throws: Fault.self) { try base.appending(segment: "..") }
    }

    @Test("what is shown in messages has neither user nor query")
    func redaction() throws {
        let address = try WebAddress("http://me:pw@h/p?token=1#x", allowsUserinfo: true)
        #expect(address.redacted == "http://h/p")
        #expect(!address.description.contains("pw"))
        #expect(address.userinfo == "me:pw")
    }

    @Test("any bytes are an address or a fault, and an address reads back as itself")
    func noise() throws {
        var random = SeededGenerator(seed: 7)
        let alphabet = Array("http://a.b:8/%2e..[]@#?;é\\ 0x1".unicodeScalars)
        for _ in 0..<20_000 {
            var text = Bool.random(using: &random) ? "http://" : ""
            for _ in 0..<Int.random(in: 0..<24, using: &random) {
                text.unicodeScalars.append(alphabet[Int.random(in: 0..<alphabet.count, using: &random)])
            }
            // A fault is as good an answer as an address here.
            guard let address = try? WebAddress(text) else { continue }
            #expect(try WebAddress(address.description) == address, "\(text)")
        }
    }
}

extension String {
    fileprivate var replacingBlank: String { split(separator: " ").joined(separator: "%20") }
    fileprivate var replacingBroken: String { split(separator: "%").joined(separator: "%25") }
}
