import Testing

@testable import Runtime

@Suite("units and names")
struct UnitsTests {
    @Test(
        "durations are read as people write them, and nothing else is",
        arguments: [
            ("250ms", .milliseconds(250)), ("30s", .seconds(30)), ("1h30m", .seconds(5400)), ("7d", .seconds(604_800)),
            ("0s", .zero), ("1d2h3m4s5ms", .milliseconds(93_784_005)),
            ("", nil), ("30", nil), ("s", nil), ("1m1h", nil), ("1s1s", nil), ("-1s", nil), ("1.5s", nil), ("1 s", nil),
            ("99999999999999999999s", nil), ("9223372036854775807s", nil), ("1w", nil),
        ] as [(String, Duration?)])
    func durations(text: String, expected: Duration?) {
        #expect(Units.duration(text) == expected)
    }

    @Test(
        "sizes are powers of 1024",
        arguments: [
            ("0", 0), ("512", 512), ("64KB", 65536), ("32mb", 33_554_432), ("2G", 2_147_483_648),
            ("", nil), ("KB", nil), ("1KB2", nil), ("1.5MB", nil), ("9999999999GB", nil), ("-1", nil),
        ] as [(String, Int?)])
    func sizes(text: String, expected: Int?) {
        #expect(Units.bytes(text) == expected)
    }

    @Test(
        "the nearest name is found for a slip, and none for a stranger",
        arguments: [
            ("isolaton", "isolation"), ("shedule", "schedule"), ("scheudle", "schedule"), ("ISOLATION", "isolation"),
            ("zebra", nil), ("x", nil),
        ] as [(String, String?)])
    func nearest(name: String, expected: String?) {
        #expect(NearestName.of(name, among: ["isolation", "schedule", "name", "run"]) == expected)
    }

    @Test("every kind of fault has a status for clients and a code for shells")
    func faults() {
        for kind in Fault.Kind.allCases {
            #expect((400...599).contains(kind.status))
            #expect((1...255).contains(kind.exitCode))
        }
        #expect(Fault(CancellationError()).kind == .cancelled)
        #expect(Fault.system("read", "/x", errno: 2).kind == .notFound)
    }
}
