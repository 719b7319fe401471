import Testing

@testable import Host

@Suite("what Open WebUI's connections lead to")
struct OpenWebUICheckupTests {
    @Test(
        "a connection is ours when its port is exactly ours",
        arguments: [
            ("http://127.0.0.1:8000/v1", 8000, true), ("http://127.0.0.1:8080/v1", 80, false),
            ("http://perigee/v1", 80, true), ("https://perigee.example/v1", 443, true),
            ("https://perigee.example:8000", 8000, true), ("http://10.0.0.1:18000/v1", 8000, false),
            ("http://host/:8000", 8000, false), ("nothing", 80, false), ("", 80, false),
        ])
    func port(_ address: String, _ port: Int, _ isOurs: Bool) {
        #expect(OpenWebUICheckup.leads(address, to: port) == isOurs)
    }
}
