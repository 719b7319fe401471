import Testing

@testable import Runtime

@Suite("JSON numbers")
struct JSONNumberTests {
    @Test("a double comes back with every bit, over a million random patterns")
    func doubles() throws {
        var random = SeededGenerator(seed: 8259)
        for _ in 0..<100 {
            let values = (0..<10_000).map { _ in Double(bitPattern: random.next()) }.filter(\.isFinite)
            var writer = JSONWriter()
            try writer.array { for value in values { try $0.value(value) } }
            let view = try JSON.parse(writer.finish())
            let wrong = zip(values, view.elements).first { $0.bitPattern != $1.number?.bitPattern }
            #expect(wrong == nil && view.count == values.count)
        }
    }

    @Test("short decimals take the fast way and are rounded like the long way rounds them")
    func decimals() throws {
        var random = SeededGenerator(seed: 15)
        for _ in 0..<20_000 {
            let digits = UInt64.random(in: 0...9_007_199_254_740_993, using: &random)
            let exponent = Int.random(in: -30...30, using: &random)
            let text = "\(digits)e\(exponent)"
            #expect(try JSON.parse(text).number == Double(text), "\(text)")
            let point = "\(digits / 1000).\(digits % 1000)"
            #expect(try JSON.parse(point).number == Double(point), "\(point)")
        }
    }

    @Test("64-bit integers are exact")
    func integers() throws {
        var random = SeededGenerator(seed: 64)
        let values = (0..<20_000).map { _ in
            Int64(bitPattern: random.next()) >> Int64.random(in: 0...62, using: &random)
        }
        var writer = JSONWriter()
        writer.array { for value in values + [.min, .max] { $0.value(value) } }
        let view = try JSON.parse(writer.finish())
        #expect(view.elements.map { $0.integer.map(Int64.init) } == (values + [.min, .max]).map { $0 })
    }

    @Test("what has no form in JSON is refused")
    func notFinite() {
        for value in [Double.nan, .infinity, -.infinity] {
            var writer = JSONWriter()
            #expect(throws: Fault.self) { try writer.value(value) }
            #expect(throws: Fault.self) { try JSON.encode(["a": [value]]) }
        }
        let fault = #expect(throws: Fault.self) { try JSON.encode(["a": [1, Double.nan]]) }
        #expect(fault?.message == "a[1]: nan has no form in JSON")
    }

    @Test("a million digits take no longer than they should and mean what they say")
    func long() throws {
        let digits = String(repeating: "3", count: 1_000_000)
        #expect(try JSON.parse("0.\(digits)").number == 1.0 / 3)
        #expect(throws: Fault.self) { try JSON.parse(digits) }
        #expect(try JSON.parse("\(digits)e-1000000").number == 1.0 / 3)
    }
}
