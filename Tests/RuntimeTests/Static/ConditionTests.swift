import Testing

@testable import Runtime

@Suite("conditions, ranges, paths and dates")
@Loop
struct ConditionTests {
    private nonisolated static let modified = 784_111_777  // Sun, 06 Nov 1994 08:49:37 GMT
    private let conditions = Preconditions(tag: "\"now\"", modified: modified, now: modified + 1000)

    @Test(
        "RFC 9110 §13.2.2, row by row",
        arguments: [
            ([:], .proceed),
            (["If-None-Match": "\"now\""], .notModified),
            (["If-None-Match": "W/\"now\""], .notModified),
            (["If-None-Match": "\"a,b\", \"now\""], .notModified),
            (["If-None-Match": "*"], .notModified),
            (["If-None-Match": "\"old\""], .proceed),
            (["If-None-Match": "now"], .proceed),
            (["If-Match": "\"now\""], .proceed),
            (["If-Match": "*"], .proceed),
            (["If-Match": "W/\"now\""], .failed),
            (["If-Match": "\"old\", \"older\""], .failed),
            (["If-Match": ""], .failed),
            (["If-Match": "\"now\"", "If-None-Match": "\"now\""], .notModified),
            (["If-Modified-Since": "Sun, 06 Nov 1994 08:49:37 GMT"], .notModified),
            (["If-Modified-Since": "Sun, 06 Nov 1994 08:49:36 GMT"], .proceed),
            (["If-Modified-Since": "nonsense"], .proceed),
            (["If-None-Match": "\"old\"", "If-Modified-Since": "Sun, 06 Nov 1994 08:49:37 GMT"], .proceed),
            (["If-Unmodified-Since": "Sun, 06 Nov 1994 08:49:37 GMT"], .proceed),
            (["If-Unmodified-Since": "Sun, 06 Nov 1994 08:49:36 GMT"], .failed),
            (["If-Match": "\"now\"", "If-Unmodified-Since": "Sun, 06 Nov 1994 08:49:36 GMT"], .proceed),
        ] as [([String: String], Preconditions.Verdict)])
    func judge(_ fields: [String: String], _ verdict: Preconditions.Verdict) {
        #expect(conditions.judge(Headers(fields.map { ($0.key, $0.value) })) == verdict, "\(fields)")
    }

    @Test("a range needs the very same content")
    func ifRange() {
        #expect(conditions.allowsRange([:]))
        #expect(conditions.allowsRange(["If-Range": "\"now\""]))
        #expect(!conditions.allowsRange(["If-Range": "\"old\""]))
        #expect(!conditions.allowsRange(["If-Range": "W/\"now\""]))
        #expect(conditions.allowsRange(["If-Range": "Sun, 06 Nov 1994 08:49:37 GMT"]))
        #expect(!conditions.allowsRange(["If-Range": "Sun, 06 Nov 1994 08:49:38 GMT"]))
        let fresh = Preconditions(tag: "\"now\"", modified: Self.modified, now: Self.modified)
        #expect(!fresh.allowsRange(["If-Range": "Sun, 06 Nov 1994 08:49:37 GMT"]), "it may change within this second")
    }

    @Test(
        "ranges of ten bytes",
        arguments: [
            (nil, .whole), ("bytes=0-4", .part(0..<5)), ("bytes=5-", .part(5..<10)), ("bytes=-3", .part(7..<10)),
            ("bytes=-30", .part(0..<10)), ("bytes=9-99", .part(9..<10)), ("BYTES=0-0", .part(0..<1)),
            ("bytes=10-", .outside), ("bytes=10-20", .outside), ("bytes=-0", .outside), ("bytes=5-4", .whole),
            ("bytes=a-b", .whole), ("bytes=-", .whole), ("bytes=", .whole), ("bytes=1", .whole),
            ("bytes= 1-2 ", .part(1..<3)),
            ("lines=1-2", .whole), ("bytes=0-1,5-6", .whole), ("bytes=0-,0-,0-,0-,0-", .whole), ("bytes=+1-2", .whole),
            ("bytes=99999999999999999999-", .whole), ("bytes=0-999999999999999999", .part(0..<10)),
        ] as [(String?, ByteRange)])
    func ranges(_ field: String?, _ range: ByteRange) {
        #expect(ByteRange(field, size: 10) == range)
    }

    @Test("an empty file has no range")
    func emptyFile() {
        #expect(ByteRange("bytes=0-", size: 0) == .outside)
        #expect(ByteRange("bytes=-1", size: 0) == .outside)
    }

    @Test(
        "three forms of dates and nothing else",
        arguments: [
            ("Sun, 06 Nov 1994 08:49:37 GMT", modified), ("Sunday, 06-Nov-94 08:49:37 GMT", modified),
            ("Sun Nov  6 08:49:37 1994", modified), ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Thu, 29 Feb 2024 12:00:00 GMT", 1_709_208_000), ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
            ("Fri, 29 Feb 2023 12:00:00 GMT", nil), ("Sun, 06 Nov 1994 08:49:37 CET", nil),
            ("Sun, 06 Nov 1994 25:49:37 GMT", nil),
            ("Sun, 06 Now 1994 08:49:37 GMT", nil), ("", nil), ("1994-11-06T08:49:37Z", nil),
            ("Sun, 06 Nov 1994 08:49 GMT", nil),
            ("Sun, 06 Nov 99999999999999999999 08:49:37 GMT", nil), ("Sun, 06 Nov -1 08:49:37 GMT", nil),
        ] as [(String, Int?)])
    func dates(_ text: String, _ seconds: Int?) {
        #expect(HTTPDate.seconds(text) == seconds)
    }

    @Test("written dates are read again")
    func dateRoundTrip() {
        for seconds in stride(from: 0, to: 4_000_000_000, by: 123_456_789) {
            #expect(HTTPDate.seconds(ClockLine.text(seconds)) == seconds)
        }
    }

    @Test(
        "only plain paths below the root",
        arguments: [
            ("index.html", "index.html"), ("/a/b.css", "a/b.css"), ("", ""), ("/", ""), ("a/", "a/"),
            ("a b/ö.txt", "a b/ö.txt"),
            ("../x", nil), ("a/../../x", nil), ("a/./b", nil), (".env", nil), ("a/.git/config", nil), ("a//b", nil),
            ("//etc/passwd", nil),
            ("a\0b", nil), ("a\nb", nil), ("..\\x", nil), (String(repeating: "a", count: 300), nil),
            (String(repeating: "abc/", count: 300), nil), ("..", nil), (".", nil),
        ] as [(String, String?)])
    func paths(_ path: String, _ checked: String?) {
        #expect(SitePath.check(path) == checked)
    }

    @Test("the way into a directory can lead nowhere else")
    func directories() {
        #expect(SitePath.asDirectory("a/docs") == "./docs/")
        #expect(SitePath.asDirectory("javascript:x y%") == "./javascript%3Ax%20y%25/")
    }

    @Test("media types by the end of the name")
    func types() {
        #expect(MediaTypes.type(of: "a/b.min.JS") == "text/javascript; charset=utf-8")
        #expect(MediaTypes.type(of: "a.b/c") == "application/octet-stream")
        #expect(MediaTypes.type(of: "x.unknown") == "application/octet-stream")
        #expect(MediaTypes.type(of: "logo.svg") == "image/svg+xml")
    }
}
