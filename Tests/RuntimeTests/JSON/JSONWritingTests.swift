import LuaBridge
import Testing

@testable import Runtime

@Suite("JSON writing")
struct JSONWritingTests {
    private func written(_ style: JSONWriter.Style = [], by body: (inout JSONWriter) throws -> Void) rethrows -> String
    {
        var writer = JSONWriter(style)
        try body(&writer)
        return String(decoding: writer.finish(), as: UTF8.self)
    }

    private func sample(_ writer: inout JSONWriter) throws {
        try writer.object {
            $0.member("id", "a\"b")
            $0.member("count", -3)
            $0.member("ok", true)
            try $0.member("share", 0.5)
            $0.member(null: "gone")
            $0.array("list") {
                $0.value(1)
                $0.value("two")
                $0.array { _ in }
                $0.object { _ in }
            }
            $0.key(escaping: "k\n")
            $0.value(json: Array("[1]".utf8))
        }
    }

    @Test("commas stand between members and elements and nowhere else")
    func compact() throws {
        #expect(
            try written(by: sample)
                == #"{"id":"a\"b","count":-3,"ok":true,"share":0.5,"gone":null,"list":[1,"two",[],{}],"k\n":[1]}"#)
    }

    @Test("pretty text has one member a line")
    func pretty() throws {
        let expected = """
            {
              "id": "a\\"b",
              "count": -3,
              "ok": true,
              "share": 0.5,
              "gone": null,
              "list": [
                1,
                "two",
                [],
                {}
              ],
              "k\\n": [1]
            }
            """
        #expect(try written(.pretty, by: sample) == expected)
        #expect(
            try String(decoding: JSON.encode(["a": [1]], style: .pretty), as: UTF8.self)
                == "{\n  \"a\": [\n    1\n  ]\n}")
    }

    @Test("every ASCII character is escaped as RFC 8259 says, and text stays on one line")
    func escapes() throws {
        for value in UInt8(0)..<128 {
            let string = "ab" + String(Unicode.Scalar(value)) + "cdefghijklmnop"
            let text = written { $0.value(string) }
            #expect(!text.utf8.contains { $0 < 0x20 })
            #expect(try JSON.parse(text).string == string)
        }
        #expect(written { $0.value("\u{1}\u{8}\u{c}\n\r\t\"\\/") } == #""\u0001\b\f\n\r\t\"\\/""#)
    }

    @Test("text for HTML has nothing that ends a script")
    func html() throws {
        let string = "</script><!-- & \u{2028}\u{2029} é €"
        let text = written(.htmlSafe) { $0.value(string) }
        #expect(text == #""\u003c/script\u003e\u003c!-- \u0026 \u2028\u2029 é €""#)
        #expect(try JSON.parse(text).string == string)
        #expect(written { $0.value(string) } == "\"\(string)\"")
    }

    @Test("writing goes on behind what is there already")
    func after() {
        var writer = JSONWriter(after: Array("data: ".utf8))
        writer.object { $0.member("a", 1) }
        #expect(String(decoding: writer.finish(), as: UTF8.self) == #"data: {"a":1}"#)
    }

    @Test("bytes that are not UTF-8 are refused with their place", arguments: brokenUTF8)
    func utf8(bytes: [UInt8]) throws {
        var parcel = Parcel()
        let table = parcel.beginTable()
        parcel.put("list")
        let list = parcel.beginArray()
        parcel.put("fine")
        bytes.withUnsafeBytes { parcel.put(string: $0) }
        parcel.end(list, count: 2)
        parcel.end(table, count: 1)
        let fault = #expect(throws: Fault.self) { try JSON.text(of: parcel) }
        #expect(fault?.message.hasPrefix("list[1]: a string is not UTF-8: byte ") == true)
        var writer = JSONWriter()
        bytes.withUnsafeBufferPointer { bytes in
            _ = #expect(throws: Fault.self) { try writer.value(utf8: bytes) }
        }
    }

    @Test("an empty table is an object, an empty list a list, and nothing is null")
    func parcels() throws {
        var parcel = Parcel()
        let list = parcel.beginArray()
        parcel.end(parcel.beginTable(), count: 0)
        parcel.end(parcel.beginArray(), count: 0)
        parcel.putNil()
        parcel.putNull()
        parcel.put(false)
        parcel.put(1.5)
        parcel.end(list, count: 6)
        #expect(try JSON.text(of: parcel) == Array("[{},[],null,null,false,1.5]".utf8))
        #expect(try JSON.text(of: Parcel()) == Array("null".utf8))
    }

    @Test("a table that is neither list nor object is refused with its key")
    func mixedTables() {
        func fault(_ body: (inout Parcel) -> Int) -> String? {
            var parcel = Parcel()
            let outer = parcel.beginTable()
            parcel.put("x")
            let table = parcel.beginTable()
            let count = body(&parcel)
            parcel.end(table, count: count)
            parcel.end(outer, count: 1)
            return #expect(throws: Fault.self) { try JSON.text(of: parcel) }?.message
        }
        let mixed = fault {
            $0.put(Int64(3))
            $0.put(true)
            $0.put("name")
            $0.put(true)
            return 2
        }
        #expect(mixed == "x: a table with both string keys ('name') and integer keys (3) has no form in JSON")
        let sparse = fault {
            $0.put(Int64(4))
            $0.put(true)
            return 1
        }
        #expect(sparse == "x: a list with holes has no form in JSON: it has 1 elements, one of them at 4")
        let function = fault {
            $0.put("f")
            $0.put(reference: 1)
            return 1
        }
        #expect(function == "x.f: a function or handle has no form in JSON")
        let infinite = fault {
            $0.put("n")
            $0.put(Double.infinity)
            return 1
        }
        #expect(infinite == "x.n: inf has no form in JSON")
    }

    @Test("nesting without end is refused")
    func depth() {
        var value: JSONValue = 1
        for _ in 0..<600 { value = [value] }
        let deep = value
        #expect(throws: Fault.self) { try JSON.encode(deep) }
        struct Endless: Encodable {
            func encode(to encoder: any Encoder) throws {
                var container = encoder.unkeyedContainer()
                try container.encode(Endless())
            }
        }
        let fault = #expect(throws: Fault.self) { try JSON.encode(Endless()) }
        #expect(fault?.message.contains("nested deeper than 512 levels") == true)
    }

    @Test("typed values: numbers of all widths, absent members, enumerations, empty types")
    func encodable() throws {
        struct Everything: Encodable {
            var small = Int8(-1)
            var large = UInt64.max
            var float = Float(0.1)
            var none: Int?
            var some: Int? = 4
            var list: [Int?] = [1, nil]
            var empty = Empty()
            var role = JSONDecodingTests.Role.tool
            var url = ["a/b": "c"]
        }
        struct Empty: Encodable {}
        #expect(
            try String(decoding: JSON.encode(Everything()), as: UTF8.self) == """
                {"small":-1,"large":18446744073709551615,"float":0.1,"some":4,"list":[1,null],"empty":{},"role":"tool",\
                "url":{"a/b":"c"}}
                """)
        #expect(try JSON.encode("x") == Array(#""x""#.utf8))
        #expect(try JSON.encode(Int?.none) == Array("null".utf8))
    }

    @Test("containers that stay open side by side end up in their places")
    func interleaved() throws {
        struct Interleaved: Encodable {
            enum Key: String, CodingKey { case first, second, third, x, y }
            func encode(to encoder: any Encoder) throws {
                var outer = encoder.container(keyedBy: Key.self)
                var first = outer.nestedContainer(keyedBy: Key.self, forKey: .first)
                var second = outer.nestedUnkeyedContainer(forKey: .second)
                try outer.encode(3, forKey: .third)
                try second.encode("a")
                try first.encode(1, forKey: .x)
                var inner = second.nestedContainer(keyedBy: Key.self)
                try second.encodeNil()
                try first.encodeNil(forKey: .y)
                try inner.encode(2, forKey: .x)
                try JSONValue.string("s").encode(to: outer.superEncoder())
                #expect(second.count == 3)
            }
        }
        #expect(
            try String(decoding: JSON.encode([Interleaved()]), as: UTF8.self)
                == #"[{"first":{"x":1,"y":null},"second":["a",{"x":2},null],"third":3,"super":"s"}]"#)
    }
}
