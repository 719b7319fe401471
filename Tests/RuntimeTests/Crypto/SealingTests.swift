import Testing

@testable import Runtime

@Suite("sealing and secrets")
struct SealingTests {
    private let key = try! SealingKey(number: 7, Secret([UInt8](repeating: 9, count: 32)))

    @Test("what was sealed opens with the same key and purpose")
    func roundTrip() throws {
        let sealer = try Sealer(key)
        for count in [0, 1, 15, 16, 17, 1000, 100_000] {
            let bytes = Random.bytes(count)
            let sealed = sealer.seal(bytes, for: "user-7")
            #expect(sealed.count == count + Sealer.overhead && sealed[0] == 7)
            #expect(try sealer.open(sealed, for: "user-7") == bytes)
            #expect(throws: Fault.self) { try sealer.open(sealed, for: "user-8") }
        }
        #expect(sealer.seal([1], for: "") != sealer.seal([1], for: ""))
    }

    @Test("AES-256-GCM gives the answer of the cipher's own test case 14")
    func knownAnswer() throws {
        let zero = try SealingKey(number: 0, Secret([UInt8](repeating: 0, count: 32)))
        let sealed = try Sealer(zero).seal(
            [UInt8](repeating: 0, count: 16), for: "", nonce: [UInt8](repeating: 0, count: 12))
        #expect(Hex.encode(sealed[13..<29]) == "cea7403d4d606b6e074ec5d3baf39d18")
    }

    @Test("no byte can be changed, added or taken away")
    func tampering() throws {
        let sealer = try Sealer(key)
        let sealed = sealer.seal(Array("sk-very-secret".utf8), for: "p")
        for place in sealed.indices {
            for bit in 0..<8 {
                var changed = sealed
                changed[place] ^= 1 << bit
                #expect(throws: Fault.self) { try sealer.open(changed, for: "p") }
            }
        }
        for end in sealed.indices { #expect(throws: Fault.self) { try sealer.open(Array(sealed[..<end]), for: "p") } }
        #expect(throws: Fault.self) { try sealer.open(sealed + [0], for: "p") }
        #expect(throws: Fault.self) { try sealer.open([], for: "p") }
    }

    @Test("a new key seals while the older one still opens")
    func rotation() throws {
        let old = try Sealer(key)
        let new = try Sealer(.random(number: 8), older: [key])
        let sealed = old.seal([1, 2, 3], for: "p")
        #expect(try new.open(sealed, for: "p") == [1, 2, 3])
        #expect(new.isOutdated(sealed) && !new.isOutdated(new.seal([], for: "p")))
        let fault = #expect(throws: Fault.self) { try old.open(new.seal([1], for: "p"), for: "p") }
        #expect(fault?.message.contains("key 8") == true)
        #expect(throws: Fault.self) { try Sealer(key, older: [.random(number: 7)]) }
        let impostor = try Sealer(SealingKey.random(number: 7))
        #expect(throws: Fault.self) { try impostor.open(sealed, for: "p") }
    }

    @Test("keys come from base64 of 32 bytes and nothing else")
    func keys() throws {
        let random = SealingKey.random()
        let copy = try SealingKey(base64: random.base64)
        #expect(try Sealer(copy).open(Sealer(random).seal([5], for: ""), for: "") == [5])
        for text in [
            "", "short", Base64.encode([UInt8](repeating: 1, count: 31)), "!" + Base64.encode(Random.bytes(32)),
        ] {
            #expect(throws: Fault.self) { try SealingKey(base64: Secret(text)) }
        }
    }

    @Test("secrets print as dots, however they are printed")
    func printing() throws {
        struct Holder {
            let name = "n"
            let secret = Secret("hunter2")
            let optional: Secret? = Secret("hunter2")
        }
        var dumped = ""
        dump(Holder(), to: &dumped)
        dump(key, to: &dumped)
        let texts = [
            "\(Secret("hunter2"))", String(reflecting: Secret("hunter2")), "\(Holder())", "\([Secret("hunter2")])",
            "\(key)", String(reflecting: key), dumped, "\(["k": Secret("hunter2")])",
        ]
        for text in texts { #expect(!text.contains("hunter2") && !text.contains("9, 9")) }
        #expect("\(Secret("hunter2"))" == "•••")
        #expect(Secret("hunter2").reveal() == "hunter2")
        #expect(Secret("a") == Secret("a") && Secret("a") != Secret("b") && Secret("") == Secret([]))
        #expect(try JSON.decode([Secret].self, from: Array(#"["x"]"#.utf8)) == [Secret("x")])
    }
}
