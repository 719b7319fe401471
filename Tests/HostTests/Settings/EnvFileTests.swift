import Runtime
import Testing

@testable import Host

@Suite(".env files")
struct EnvFileTests {
    @Test(
        "values are read as written",
        arguments: [
            ("A=1", ["A": "1"]),
            ("export A=1", ["A": "1"]),
            ("\n\n  A = 1", nil),
            ("A=", ["A": ""]),
            ("A=b=c", ["A": "b=c"]),
            ("A=one # two", ["A": "one"]),
            ("A=one#two", ["A": "one#two"]),
            ("A=one \t\r\nB=two", ["A": "one", "B": "two"]),
            ("# A=1\nB=2", ["B": "2"]),
            ("A='$x \"y\" \\n'", ["A": "$x \"y\" \\n"]),
            ("A=\"two\\nlines\\t\\\"quoted\\\" \\$5 \\x\"", ["A": "two\nlines\t\"quoted\" $5 \\x"]),
            ("A=\"over\ntwo\"\nB=1 ", ["A": "over\ntwo", "B": "1"]),
            ("A='x' # why", ["A": "x"]),
            ("A=1\nA=2", ["A": "2"]),
            ("", [:]),
            ("A", nil), ("=1", nil), ("1A=1", nil), ("A-B=1", nil), ("A='x", nil), ("A=\"x", nil), ("A='x'y", nil),
        ] as [(String, [String: String]?)])
    func values(text: String, expected: [String: String]?) throws {
        if let expected {
            #expect(try EnvFile.parse(text, path: ".env") == expected)
        } else {
            #expect(throws: Fault.self) { try EnvFile.parse(text, path: ".env") }
        }
    }

    @Test("a fault names file and line")
    func place() {
        let fault = #expect(throws: Fault.self) { try EnvFile.parse("A=1\n\nB='\n\n", path: "/etc/perigee.env") }
        #expect(fault?.message == "/etc/perigee.env:3: the quote is never closed")
    }

    @Test("no file is no settings")
    func missing() throws {
        #expect(try EnvFile.read("/nonexistent/.env").isEmpty)
    }
}
