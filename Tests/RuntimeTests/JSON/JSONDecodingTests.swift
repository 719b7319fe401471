import LuaBridge
import Testing

@testable import Runtime

@Suite("typed values from JSON")
struct JSONDecodingTests {
    enum Role: String, Codable, CaseIterable { case user, assistant, tool }

    struct Message: Codable, Equatable {
        var role: Role
        var content: String?
        var index: Int = 0
        var weights: [Double]? = nil
    }

    struct Request: Codable, Equatable {
        var model: String
        var stream: Bool?
        var messages: [Message]
        var metadata: [String: JSONValue]?
    }

    private func decode<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> Value {
        try JSON.decode(type, from: Array(text.utf8))
    }

    private func fault<Value: Decodable>(_ type: Value.Type, _ text: String) -> String? {
        #expect(throws: Fault.self) { try decode(type, text) }?.message
    }

    @Test("structs, enumerations, lists, dictionaries and absent members")
    func structs() throws {
        let text = """
            {"model":"izzy","unknown":[1],"messages":[{"role":"user","content":"hi","index":3,"weights":[1,2.5]},
             {"role":"assistant","content":null,"index":4}],"metadata":{"chat":{"deep":[null]}}}
            """
        let request = try decode(Request.self, text)
        #expect(
            request.messages == [
                Message(role: .user, content: "hi", index: 3, weights: [1, 2.5]),
                Message(role: .assistant, content: nil, index: 4),
            ])
        #expect(request.stream == nil)
        #expect(request.metadata == ["chat": ["deep": [nil]]])
        #expect(try JSON.decode(Request.self, from: JSON.encode(request)) == request)
    }

    @Test("an error begins with the way to the value and says what was expected and found")
    func paths() {
        func message(_ members: String) -> String {
            #"{"model":"m","messages":[{"role":"tool","index":0},{\#(members)}]}"#
        }
        let cases: [(String, String)] = [
            (#"[]"#, "expected an object, found a list"), (#"{}"#, "model: missing"),
            (#"{"model":1}"#, "model: expected a string, found an integer"),
            (#"{"model":null}"#, "model: expected a string, found null"),
            (#"{"model":"m","messages":{}}"#, "messages: expected a list, found an object"),
            (message(#""role":"user","index":"1""#), "messages[1].index: expected an integer, found a string"),
            (message(#""role":"user","index":1.5"#), "messages[1].index: expected an integer, found 1.5"),
            (message(#""role":"user""#), "messages[1].index: missing"),
            (
                message(#""role":"admin","index":1"#),
                "messages[1].role: expected one of user, assistant, tool, found 'admin'"
            ),
            (
                message(#""role":"user","index":1,"weights":[1,true]"#),
                "messages[1].weights[1]: expected a number, found true"
            ),
            (#"{"model":"m","stream":1,"messages":[]}"#, "stream: expected true or false, found an integer"),
            (#"{"model":"m","messages":[3]}"#, "messages[0]: expected an object, found an integer"),
        ]
        for (text, expected) in cases { #expect(fault(Request.self, text) == expected) }
    }

    @Test("integers of every width are checked against their range")
    func widths() throws {
        #expect(try decode([Int8].self, "[-128,127]") == [-128, 127])
        #expect(fault([Int8].self, "[128]") == "[0]: expected an integer from -128 to 127, found 128")
        #expect(fault([UInt8].self, "[0,256]") == "[1]: expected an integer from 0 to 255, found 256")
        #expect(fault([UInt].self, "[-1]")?.contains("found -1") == true)
        #expect(try decode([UInt16].self, "[65535]") == [65535])
        #expect(try decode([Int16].self, "[-32768]") == [-32768])
        #expect(try decode([UInt32].self, "[4294967295]") == [4_294_967_295])
        #expect(try decode([Int32].self, "[-2147483648]") == [.min])
        #expect(try decode([Int64].self, "[9223372036854775807]") == [.max])
        #expect(try decode([Int].self, "[3.0,1e3,-0]") == [3, 1000, 0])
        #expect(fault([Int].self, "[1e300]")?.hasPrefix("[0]: expected an integer from") == true)
        #expect(fault([UInt64].self, "[18446744073709551615]")?.contains("expected an integer from 0") == true)
        #expect(try decode([Float].self, "[1.5,2]") == [1.5, 2])
        #expect(fault([Float].self, "[1e300]") == "[0]: the number is too large")
        #expect(try decode([Double].self, "[9007199254740993]") == [9_007_199_254_740_992])
    }

    @Test("values at the top, optionals and nested optionals")
    func tops() throws {
        #expect(try decode(Int.self, "5") == 5)
        #expect(try decode(String.self, #""x""#) == "x")
        #expect(try decode(Int?.self, "null") == nil)
        #expect(try decode([Int?].self, "[1,null]") == [1, nil])
        #expect(try decode([String: Int?].self, #"{"a":null,"b":1}"#) == ["a": nil, "b": 1])
        #expect(try decode([Int: String].self, #"{"7":"x"}"#) == [7: "x"])
        #expect(fault(Int.self, "null") == "expected an integer, found null")
    }

    @Test("containers by hand: nested, super, by position, and past the end")
    func byHand() throws {
        let value = try decode(
            ByHand.self, #"{"nested":{"x":1},"list":[1,[2,null,{"x":3}],4],"super":{"x":9},"own":{"x":8}}"#)
        #expect(value.numbers == [1, 1, 2, 3, 4, 9, 8])
        #expect(
            fault(ByHand.self, #"{"nested":{"x":1},"list":[1,[2,null]]}"#)
                == "list[1][2]: the list ends here, after 2 elements")
        #expect(fault(ByHand.self, #"{"nested":{"x":1},"list":[1,[2,null,{"x":3}],4]}"#) == "super: missing")
        #expect(fault(ByHand.self, #"{"nested":{"x":"1"}}"#) == "nested.x: expected an integer, found a string")
    }

    @Test("a class reads its superclass's members from the same object")
    func classes() throws {
        let cat = try decode(Cat.self, #"{"name":"Tom","lives":9}"#)
        #expect(cat.name == "Tom" && cat.lives == 9)
        #expect(try String(decoding: JSON.encode(cat), as: UTF8.self) == #"{"name":"Tom","lives":9}"#)
    }

    @Test("an object with a hundred thousand members is read in good time")
    func large() throws {
        let text = "{" + (0..<100_000).map { "\"key\($0)\":\($0)" }.joined(separator: ",") + "}"
        let numbers = try decode([String: Int].self, text)
        #expect(numbers.count == 100_000 && numbers["key99999"] == 99_999)
    }

    @Test("what came from Lua: an empty table is an empty list too, and integer keys are keys")
    func fromLua() throws {
        var parcel = Parcel()
        let table = parcel.beginTable()
        parcel.put("messages")
        parcel.end(parcel.beginTable(), count: 0)
        parcel.put("model")
        parcel.put("m")
        parcel.put(Int64(5))
        parcel.put("five")
        parcel.end(table, count: 3)
        #expect(try JSON.decode(Request.self, from: parcel).messages.isEmpty)

        var handle = Parcel()
        handle.put(reference: 3)
        let fault = #expect(throws: Fault.self) { try JSON.decode(String.self, from: handle) }
        #expect(fault?.message == "expected a string, found a function or handle")
        #expect(throws: Fault.self) { try JSON.decode(String.self, from: Parcel()) }
    }

    @Test("a type's own error keeps its words and gets its place")
    func ownErrors() {
        struct Even: Decodable {
            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                guard try container.decode(Int.self).isMultiple(of: 2) else {
                    throw DecodingError.dataCorruptedError(in: container, debugDescription: "an odd number")
                }
            }
        }
        #expect(fault([String: [Even]].self, #"{"a":[2,3]}"#) == "a[1]: an odd number")
    }
}

private struct ByHand: Decodable {
    enum Key: String, CodingKey { case nested, list, own, x }
    var numbers: [Int] = []

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        numbers.append(try container.nestedContainer(keyedBy: Key.self, forKey: .nested).decode(Int.self, forKey: .x))
        var list = try container.nestedUnkeyedContainer(forKey: .list)
        numbers.append(try list.decode(Int.self))
        var inner = try list.nestedUnkeyedContainer()
        numbers.append(try inner.decode(Int.self))
        guard try inner.decodeNil() else { return }
        numbers.append(try inner.nestedContainer(keyedBy: Key.self).decode(Int.self, forKey: .x))
        numbers.append(try list.decode(Int.self))
        #expect(list.isAtEnd && list.count == 3 && inner.isAtEnd)
        for decoder in [try container.superDecoder(), try container.superDecoder(forKey: .own)] {
            numbers.append(try decoder.container(keyedBy: Key.self).decode(Int.self, forKey: .x))
        }
    }
}

private class Animal: Codable {
    var name = ""
}

private final class Cat: Animal {
    enum Key: String, CodingKey { case lives }
    var lives = 0

    required init(from decoder: any Decoder) throws {
        lives = try decoder.container(keyedBy: Key.self).decode(Int.self, forKey: .lives)
        try super.init(from: decoder)
    }

    override func encode(to encoder: any Encoder) throws {
        try super.encode(to: encoder)
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(lives, forKey: .lives)
    }
}
