import Testing

@testable import Runtime

@Suite("address guard")
struct AddressGuardTests {
    @Test(
        "addresses that are not the public internet's are refused",
        arguments: [
            "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.254",
            "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.168.1.1", "198.18.0.1",
            "198.51.100.7", "203.0.113.7", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
            "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "fe80::1",
            "fec0::1", "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1", "2001::1", "2002:7f00:1::", "2002:a00:1::1",
            "2002:c0a8:101::", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1", "5f00::1", "4000::1",
        ])
    func refused(_ text: String) throws {
        let address = try #require(IPAddress(text))
        let host = WebHost.name("example.com")
        #expect(!AddressGuard.publicOnly().allows(address, for: host))
        #expect(AddressGuard.open.allows(address, for: host))
    }

    @Test(
        "public addresses pass",
        arguments: [
            "1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1", "192.167.1.1",
            "223.255.255.254",
            "2606:4700::1111", "2a00:1450::1", "::ffff:1.1.1.1", "64:ff9b::101:101", "2002:101:101::1",
        ])
    func passed(_ text: String) throws {
        let address = try #require(IPAddress(text))
        #expect(AddressGuard.publicOnly().allows(address, for: .name("example.com")))
    }

    @Test("an owner's list opens ranges, addresses and names, and nothing else")
    func allowance() throws {
        let allowance = try AddressAllowance(["10.1.0.0/16", "192.168.1.7", "fd00::/8", "Runner.internal"])
        let guarding = AddressGuard.publicOnly(allowing: allowance)
        func allows(_ text: String, _ host: WebHost = .name("x")) -> Bool {
            guarding.allows(IPAddress(text)!, for: host)
        }
        #expect(allows("10.1.255.1") && !allows("10.2.0.1"))
        #expect(allows("192.168.1.7") && !allows("192.168.1.8"))
        #expect(allows("fd00::1") && !allows("fc00::1"))
        #expect(allows("127.0.0.1", .name("runner.internal")) && !allows("127.0.0.1", .name("a.runner.internal")))
        for entry in ["10.0.0.0/33", "a b", "", "10.0.0.0/x", "0x7f.1"] {
            #expect(throws: Fault.self) { try AddressAllowance([entry]) }
        }
    }

    @Test("what needs no lookup is refused without one")
    func literals() throws {
        let guarding = AddressGuard.publicOnly()
        for text in ["localhost", "LOCALHOST", "localhost.", "a.localhost", "127.0.0.1", "[::1]", "[::ffff:10.0.0.1]"] {
            #expect(guarding.refuses(literal: try WebHost(text)), "\(text)")
        }
        for text in ["example.com", "localhost.example", "1.1.1.1"] {
            #expect(!guarding.refuses(literal: try WebHost(text)), "\(text)")
        }
        #expect(!AddressGuard.open.refuses(literal: .name("localhost")))
        let open = AddressGuard.publicOnly(allowing: try AddressAllowance(["localhost"]))
        #expect(!open.refuses(literal: .name("localhost")))
    }
}
