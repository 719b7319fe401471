import Testing

/// Bytes on the wire and what must come of them.
struct WireCase: CustomTestStringConvertible {
    let name: String
    let input: [UInt8]
    let statuses: [Int]
    let staysOpen: Bool

    init(_ name: String, _ input: String, _ statuses: [Int], open: Bool) {
        self.init(name, Array(input.utf8), statuses, open: open)
    }

    init(_ name: String, _ input: [UInt8], _ statuses: [Int], open: Bool) {
        self.name = name
        self.input = input
        self.statuses = statuses
        staysOpen = open
    }

    var testDescription: String { name }

    private static func get(_ name: String, _ fields: String, _ status: Int) -> WireCase {
        WireCase(name, "GET / HTTP/1.1\r\nHost: x\r\n\(fields)\r\n", [status], open: status < 300)
    }

    private static func target(_ target: String, _ status: Int, open: Bool? = nil) -> WireCase {
        WireCase(
            "target \(target)", "GET \(target) HTTP/1.1\r\nHost: x\r\n\r\n", [status], open: open ?? (status != 400))
    }

    private static func post(_ name: String, _ fields: String, _ body: String, _ status: Int, open: Bool? = nil)
        -> WireCase
    {
        WireCase(
            name, "POST /echo HTTP/1.1\r\nHost: x\r\n\(fields)\r\n\(body)", [status], open: open ?? (status < 300))
    }

    private static func chunked(_ name: String, _ body: String, _ status: Int) -> WireCase {
        post("chunked: \(name)", "Transfer-Encoding: chunked\r\n", body, status)
    }

    static let all = lines + fields + targets + bodies + chunks + connections

    private static let lines: [WireCase] = [
        WireCase("plain", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", [200], open: true),
        WireCase("empty lines before", "\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", [200], open: true),
        WireCase("LF before", "\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", [400], open: false),
        WireCase("CR before", "\rGET / HTTP/1.1\r\nHost: x\r\n\r\n", [400], open: false),
        WireCase("LF only", "GET / HTTP/1.1\nHost: x\n\n", [400], open: false),
        WireCase("LF after a field", "GET / HTTP/1.1\r\nHost: x\n\r\n", [400], open: false),
        WireCase("LF at the end", "GET / HTTP/1.1\r\nHost: x\r\n\n", [400], open: false),
        WireCase("CR alone in a line", "GET / HTTP/1.1\r\nHost: x\rX: y\r\n\r\n", [400], open: false),
        WireCase("space before the method", " GET / HTTP/1.1\r\nHost: x\r\n\r\n", [400], open: false),
        WireCase("two spaces", "GET  / HTTP/1.1\r\nHost: x\r\n\r\n", [400], open: false),
        WireCase("tab", "GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n", [400], open: false),
        WireCase("space after the version", "GET / HTTP/1.1 \r\nHost: x\r\n\r\n", [505], open: false),
        WireCase("unknown method", "FROB / HTTP/1.1\r\nHost: x\r\n\r\n", [405], open: false),
        WireCase("QUERY", "QUERY / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", [405], open: false),
        WireCase("small method", "get / HTTP/1.1\r\nHost: x\r\n\r\n", [400], open: false),
        WireCase("broken method", "G@T / HTTP/1.1\r\nHost: x\r\n\r\n", [400], open: false),
        WireCase("method we have no use for", "PROPFIND / HTTP/1.1\r\nHost: x\r\n\r\n", [405], open: false),
        WireCase("CONNECT", "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", [501], open: false),
        WireCase("HTTP/1.2", "GET / HTTP/1.2\r\nHost: x\r\n\r\n", [505], open: false),
        WireCase("HTTP/2.0", "GET / HTTP/2.0\r\nHost: x\r\n\r\n", [505], open: false),
        WireCase("HTTP/0.9 with its version", "GET / HTTP/0.9\r\nHost: x\r\n\r\n", [505], open: false),
        WireCase("HTTP/11", "GET / HTTP/11\r\nHost: x\r\n\r\n", [505], open: false),
        WireCase("http/1.1", "GET / http/1.1\r\nHost: x\r\n\r\n", [400], open: false),
        WireCase("no version", "GET /\r\n\r\n", [505], open: false),
        WireCase("RTSP", "GET / RTSP/1.0\r\nHost: x\r\n\r\n", [400], open: false),
        WireCase("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [400], open: false),
        WireCase("TLS hello", [0x16, 3, 1, 0, 0xa5, 1, 0, 0, 0xa1, 3, 3], [400], open: false),
        WireCase("nothing but NUL", [0, 0, 0, 0], [400], open: false),
        WireCase(
            "8 KB line", "GET /\(String(repeating: "a", count: 9000)) HTTP/1.1\r\nHost: x\r\n\r\n", [414], open: false),
        WireCase("line without an end", "GET /\(String(repeating: "a", count: 70000))", [414], open: false),
    ]

    private static let fields: [WireCase] = [
        WireCase("no Host", "GET / HTTP/1.1\r\n\r\n", [400], open: false),
        get("two Hosts", "Host: x\r\n", 400),
        WireCase("empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", [400], open: false),
        WireCase("Host with a user", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", [400], open: false),
        WireCase("Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", [400], open: false),
        WireCase("Host with a broken port", "GET / HTTP/1.1\r\nHost: a:8x\r\n\r\n", [400], open: false),
        WireCase("Host with a port", "GET / HTTP/1.1\r\nHost: a:80\r\n\r\n", [200], open: true),
        WireCase("Host with an IPv6 address", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", [200], open: true),
        WireCase("HTTP/1.0 needs no Host", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", [200], open: true),
        get("folded", "X: a\r\n b\r\n", 400),
        get("folded by a tab", "X: a\r\n\tb\r\n", 400),
        WireCase("folded first", "GET / HTTP/1.1\r\n Host: x\r\n\r\n", [400], open: false),
        get("space before the colon", "X : a\r\n", 400),
        get("no colon", "Xa\r\n", 400),
        get("no name", ": a\r\n", 400),
        get("broken name", "X(: a\r\n", 400),
        get("NUL in a value", "X: a\u{0}b\r\n", 400),
        get("NUL in a name", "X\u{0}: a\r\n", 400),
        get("bell in a value", "X: a\u{7}b\r\n", 400),
        get("DEL in a value", "X: a\u{7f}b\r\n", 400),
        get("tab in a value", "X: a\tb\r\n", 200),
        get("empty value", "X:\r\nY: b\r\n", 200),
        get("UTF-8 in a value", "X: ä\r\n", 200),
        get("100 fields and more", String(repeating: "X: y\r\n", count: 100), 431),
        get("32 KB", "X: \(String(repeating: "a", count: 33000))\r\n", 431),
        get("unknown expectation", "Expect: tea\r\n", 417),
        get("upgrade nobody asked for", "Connection: Upgrade\r\nUpgrade: websocket\r\n", 200),
        get("h2c", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n", 200),
    ]

    private static let targets: [WireCase] = [
        target("/%41", 404), target("/a%2fb", 404), target("/a?x=%zz", 404), target("/{a}|^", 404),
        target("/%4", 400), target("/%zz", 400), target("/%00", 400), target("/a%0ab", 400), target("/%ff", 400),
        target("/%c3%a4", 404), target("/..", 400), target("/a/../b", 400), target("/a/%2e%2e/b", 400),
        target("/.%2E", 400), target("/./a", 400), target("/...", 404), target("/a#b", 400), target("a", 400),
        target("/\u{e4}", 400), target("*", 400), target("http://x/", 200), target("HTTP://X/", 200),
        target("http://y/", 400), target("https://x/", 400), target("http://x", 400), target("http:///a", 400),
        target("http://u@x/", 400), target("//x/", 404),
        WireCase("OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", [204], open: true),
        WireCase("wrong method", "DELETE /echo HTTP/1.1\r\nHost: x\r\n\r\n", [405], open: true),
        WireCase("OPTIONS", "OPTIONS /echo HTTP/1.1\r\nHost: x\r\n\r\n", [204], open: true),
    ]

    private static let bodies: [WireCase] = [
        post("length", "Content-Length: 5\r\n", "abcde", 200),
        post("length zero", "Content-Length: 0\r\n", "", 200),
        post("length with zeros", "Content-Length: 005\r\n", "abcde", 200),
        post("length with spaces", "Content-Length:  5 \r\n", "abcde", 200),
        post("no length", "", "", 200),
        post("length and coding", "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\nG", 400),
        post("coding and length", "Transfer-Encoding: chunked\r\nContent-Length: 6\r\n", "0\r\n\r\nG", 400),
        post("two lengths", "Content-Length: 5\r\nContent-Length: 6\r\n", "abcdef", 400),
        post("two equal lengths", "Content-Length: 5\r\nContent-Length: 5\r\n", "abcde", 400),
        post("list of lengths", "Content-Length: 5, 5\r\n", "abcde", 400),
        post("length +5", "Content-Length: +5\r\n", "abcde", 400),
        post("length -1", "Content-Length: -1\r\n", "abcde", 400),
        post("length 0x5", "Content-Length: 0x5\r\n", "abcde", 400),
        post("length empty", "Content-Length:\r\n", "abcde", 400),
        post("length 5 5", "Content-Length: 5 5\r\n", "abcde", 400),
        post("length of 20 digits", "Content-Length: 18446744073709551616\r\n", "abcde", 400),
        post("length of 18 digits", "Content-Length: 999999999999999999\r\n", "abcde", 413),
        post("length with underscore", "Content_Length: 5\r\n", "", 200),
        post("coding xchunked", "Transfer-Encoding: xchunked\r\n", "0\r\n\r\n", 501),
        post("coding gzip, chunked", "Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n", 501),
        post("coding chunked, identity", "Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n", 400),
        post("coding twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n", 400),
        post("coding quoted", "Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n", 501),
        post("coding empty", "Transfer-Encoding:\r\n", "", 501),
        post("coding before a colon", "Transfer-Encoding : chunked\r\n", "0\r\n\r\n", 400),
        post("coding with a tab", "Transfer-Encoding:\tchunked\r\n", "0\r\n\r\n", 200),
        post("coding in capitals", "Transfer-Encoding: Chunked\r\n", "0\r\n\r\n", 200),
        post("coding after a vertical tab", "Transfer-Encoding: \u{b}chunked\r\n", "0\r\n\r\n", 400),
        WireCase(
            "coding in HTTP/1.0", "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", [400],
            open: false),
        WireCase(
            "body of a GET", "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nabcd", [200], open: true),
        WireCase(
            "nothing is read: thrown away", "POST /deaf HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nabcd", [200],
            open: true),
        WireCase(
            "nobody there", "POST /nobody HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nabcd", [404], open: true),
        post("over the route's limit", "Content-Length: 2000\r\n", "", 413),
        post(
            "over the limit by chunks", "Transfer-Encoding: chunked\r\n",
            "7d0\r\n\(String(repeating: "a", count: 2000))\r\n", 413),
    ]

    private static let chunks: [WireCase] = [
        chunked("plain", "5\r\nabcde\r\n0\r\n\r\n", 200),
        chunked("zeros", "0005\r\nabcde\r\n000\r\n\r\n", 200),
        chunked("extension", "5;a=b\r\nabcde\r\n0\r\n\r\n", 200),
        chunked("two extensions, which llhttp 8 does not read", "5;a=b;c=d\r\nabcde\r\n0\r\n\r\n", 400),
        chunked("extension of the last", "5\r\nabcde\r\n0;a=b\r\n\r\n", 200),
        chunked("extension without a value", "5;a\r\nabcde\r\n0\r\n\r\n", 200),
        chunked("quoted extension", "5;c=\"d\"\r\nabcde\r\n0\r\n\r\n", 200),
        chunked("trailer", "5\r\nabcde\r\n0\r\nT: v\r\n\r\n", 200),
        chunked("empty", "0\r\n\r\n", 200),
        chunked("overflow", "fffffffffffffffff\r\nabcde\r\n0\r\n\r\n", 400),
        chunked("sign", "+5\r\nabcde\r\n0\r\n\r\n", 400),
        chunked("minus", "-5\r\nabcde\r\n0\r\n\r\n", 400),
        chunked("0x", "0x5\r\nabcde\r\n0\r\n\r\n", 400),
        chunked("space before", " 5\r\nabcde\r\n0\r\n\r\n", 400),
        chunked("no size", "\r\nabcde\r\n0\r\n\r\n", 400),
        chunked("letters", "xyz\r\nabcde\r\n0\r\n\r\n", 400),
        chunked("bad end", "5\r\nabcdeX\r\n0\r\n\r\n", 400),
        chunked("LF after the size", "5\nabcde\r\n0\r\n\r\n", 400),
        chunked("LF after the data", "5\r\nabcde\n0\r\n\r\n", 400),
        chunked("LF at the end", "5\r\nabcde\r\n0\n\n", 400),
        chunked("LF in an extension", "5;a\nabcde\r\n0\r\n\r\n", 400),
        chunked("CR in an extension", "5;a\rb\r\nabcde\r\n0\r\n\r\n", 400),
        chunked("huge extension", "5;\(String(repeating: "a", count: 5000))\r\nabcde\r\n0\r\n\r\n", 400),
        chunked("huge trailer", "0\r\nT: \(String(repeating: "a", count: 9000))\r\n\r\n", 431),
        chunked("folded trailer", "0\r\nT: v\r\n w\r\n\r\n", 400),
        chunked("NUL in a trailer", "0\r\nT: v\u{0}\r\n\r\n", 400),
        chunked("length in a trailer", "0\r\nContent-Length: 3\r\n\r\n", 400),
        chunked("coding in a trailer", "0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    ]

    private static let connections: [WireCase] = [
        WireCase("close", "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", [200], open: false),
        WireCase("close in a list", "GET / HTTP/1.1\r\nHost: x\r\nConnection: a, close\r\n\r\n", [200], open: false),
        WireCase("HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", [200], open: false),
        WireCase(
            "pipeline", "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /task HTTP/1.1\r\nHost: x\r\n\r\n", [200, 200], open: true
        ),
        WireCase("pipeline that breaks", "GET / HTTP/1.1\r\nHost: x\r\n\r\nGARBAGE\r\n\r\n", [200, 400], open: false),
        WireCase(
            "nothing after close", "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\nGET / HTTP/1.1\r\n\r\n",
            [200], open: false),
        WireCase("HEAD", "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", [200], open: true),
        WireCase("204", "GET /none HTTP/1.1\r\nHost: x\r\n\r\n", [204], open: true),
        WireCase(
            "empty line after a body", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na\r\n", [200],
            open: true),
    ]
}
