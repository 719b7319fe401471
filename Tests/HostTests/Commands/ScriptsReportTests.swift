import Runtime
import Testing

@testable import Host

@Suite("scripts report")
struct ScriptsReportTests {
    private static let failing: JSONValue = [
        "version": "0.1.0", "pid": 42, "uptime_s": 3725, "addresses": ["http://127.0.0.1:8000", "unix:/s"],
        "state": "/state", "connections": 3, "not_ready": ["store: closed"],
        "agents": ["mode": "shared", "reason": "OPENCODE_BASE_URL is set"],
        "scripts": [
            "generation": ["number": 3, "age_s": 90, "memory": 2_097_152, "files": 12, "own_files": 2, "calls": 0],
            "failure": [
                "number": 4, "age_s": 5,
                "problems": [
                    ["script": "hooks/a.lua", "line": 12, "message": "it broke", "hint": "mend it"],
                    ["script": "gc/b.lua", "message": "is missing"],
                ],
            ],
        ],
    ]

    @Test("status tells what serves, and what failed as file:line: message")
    func status() {
        #expect(
            ScriptsReport.status(Self.failing) == """
                perigee 0.1.0, process 42, up 1h2m5s
                  listens on   http://127.0.0.1:8000  unix:/s
                  connections  3
                  state        /state
                  agents       shared: OPENCODE_BASE_URL is set
                  not ready    store: closed
                scripts
                  generation   3, since 1m30s, 12 scripts, 2 of them yours
                  memory       2MB
                  FAILED       generation 4, 5s ago:
                    hooks/a.lua:12: it broke
                      mend it
                    gc/b.lua: is missing

                """)
    }

    @Test("status without a failure says nothing of one, and names where fallen-back scripts come from")
    func well() {
        let text = ScriptsReport.status([
            "version": "1", "pid": 1, "uptime_s": 0, "addresses": [], "state": "/s", "connections": 0,
            "scripts": ["generation": ["number": 1], "fallback": "last_good", "failure": nil],
        ])
        #expect(!text.contains("FAILED"))
        #expect(text.contains("served are   those of the last start that loaded"))
    }

    @Test("files are listed in columns with whose they are")
    func files() {
        let answer: JSONValue = [
            "generation": [
                "number": 1,
                "files": [
                    ["name": "gc/trash.lua", "size": 2048, "origin": "shipped", "replaces": false],
                    ["name": "hooks/a.lua", "size": 10, "origin": "owner", "replaces": true],
                    ["name": "hooks/b.lua", "size": 10, "origin": "owner", "replaces": false],
                ],
            ]
        ]
        #expect(
            ScriptsReport.files(answer) == """
                gc/trash.lua  2KB  shipped
                hooks/a.lua   10   yours, for the shipped one
                hooks/b.lua   10   yours

                """)
        #expect(ScriptsReport.reloaded(answer) == "generation 1 serves, 3 scripts\n")
        #expect(ScriptsReport.files(["generation": ["files": []]]) == "there are no scripts\n")
    }
}
