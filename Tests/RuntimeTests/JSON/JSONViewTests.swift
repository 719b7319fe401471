import Testing

@testable import Runtime

@Suite("JSON views and free-form values")
struct JSONViewTests {
    @Test("what is there is found, and what is not is nil all the way down")
    func steps() throws {
        let view = try JSON.parse(sampleDelta)
        #expect(view["choices"][0]["delta"]["content"].string == " wörld\n")
        #expect(view["choices"][0]["finish_reason"].isNull)
        #expect(view["created"].integer == 1_763_700_000)
        #expect(view["created"].number == 1_763_700_000)
        #expect(view["object"].equals("chat.completion.chunk"))
        #expect(!view["object"].equals("chat"))
        #expect(view["choices"][1].exists == false)
        #expect(view["choices"][-1].exists == false)
        #expect(view["no"]["such"][3]["thing"].string == nil)
        #expect(view["id"][0].kind == nil)
        #expect(view["id"]["x"].kind == nil)
        #expect(!view["no"].isNull)
        #expect(view["id"].integer == nil)
        #expect(view["id"].bool == nil)
        #expect(view["no"].count == 0)
        #expect(view["no"].value == nil)
    }

    @Test("lists and objects are walked in order")
    func walks() throws {
        let view = try JSON.parse(#"{"b":[1,"two",3.5,null,[]],"a":{},"é":true}"#)
        #expect(view.members.map(\.key) == ["b", "a", "é"])
        #expect(view["b"].elements.map(\.kind) == [.integer, .string, .number, .null, .array])
        #expect(view["é"].bool == true)
        #expect(view["b"][1].withUTF8 { $0.count } == 3)
        #expect(Array(view["b"].members.map(\.key)) == [])
        #expect(Array(view["a"].elements.map(\.kind)) == [])
    }

    @Test("of equal keys the last wins, and keys are compared by their bytes")
    func duplicates() throws {
        let text = #"{"a":1,"b":2,"a":3,"e\u0301":4,"é":5}"#
        let view = try JSON.parse(text)
        #expect(view["a"].integer == 3)
        #expect(view["\u{e9}"].integer == 5)
        #expect(view["e\u{301}"].integer == 4)
        #expect(try view.decode([String: Int].self)["a"] == 3)
        #expect(view.value?["a"] == 3)
        let many = "{" + (0..<100).map { "\"k\($0 % 40)\":\($0)" }.joined(separator: ",") + "}"
        let numbers = try JSON.decode([String: Int].self, from: Array(many.utf8))
        #expect(numbers.count == 40)
        #expect(numbers["k0"] == 80 && numbers["k19"] == 99 && numbers["k20"] == 60)
    }

    @Test("a free-form value keeps order and kind through text")
    func freeForm() throws {
        let value: JSONValue = ["z": [1, 2.5, "x", nil, true], "a": [:], "list": []]
        let text = try JSON.encode(value)
        #expect(String(decoding: text, as: UTF8.self) == #"{"z":[1,2.5,"x",null,true],"a":{},"list":[]}"#)
        #expect(try JSON.decode(JSONValue.self, from: text) == value)
        #expect(value["z"]?[2]?.string == "x" && value["z"]?[0]?.integer == 1 && value["z"]?[1]?.number == 2.5)
        #expect(value["z"]?[9] == nil && value["no"] == nil && value["z"]?[4]?.bool == true)
    }

    @Test("objects are equal whatever their order, and an integer is not a number")
    func equality() {
        #expect(["a": 1, "b": 2] as JSONValue == ["b": 2, "a": 1])
        #expect(Set<JSONValue>([["a": 1, "b": 2], ["b": 2, "a": 1]]).count == 1)
        #expect([1, 2] as JSONValue != [2, 1])
        #expect(JSONValue.integer(1) != .number(1))
    }

    @Test("members of an object are set in place, appended and removed")
    func members() {
        var object: JSONObject = ["a": 1, "b": 2]
        object["a"] = 3
        object["c"] = nil
        object["d"] = [4]
        object["b"] = nil
        #expect(object.map(\.key) == ["a", "d"])
        #expect(object["a"] == 3)
        #expect(JSONObject([("a", 1), ("b", 2), ("a", 3)]).map(\.value) == [3, 2])
    }

    @Test("random values survive writing and reading, in every style")
    func roundTrips() throws {
        var random = SeededGenerator(seed: 2)
        for _ in 0..<500 {
            let value = randomValue(&random, depth: 4)
            for style in [[], .pretty, .htmlSafe, [.pretty, .htmlSafe]] as [JSONWriter.Style] {
                #expect(try JSON.parse(JSON.encode(value, style: style)).value == value)
            }
        }
    }
}

func randomValue(_ random: inout SeededGenerator, depth: Int) -> JSONValue {
    switch Int.random(in: 0..<(depth > 0 ? 8 : 6), using: &random) {
    case 0: return .null
    case 1: return .bool(.random(using: &random))
    case 2: return .integer(Int64(bitPattern: random.next()))
    case 3: return .number(Double.random(in: -1e9...1e9, using: &random))
    case 4, 5: return .string(randomText(&random))
    case 6:
        return .array((0..<Int.random(in: 0..<6, using: &random)).map { _ in randomValue(&random, depth: depth - 1) })
    default:
        let pairs = (0..<Int.random(in: 0..<6, using: &random)).map { _ in
            (randomText(&random), randomValue(&random, depth: depth - 1))
        }
        return .object(JSONObject(pairs))
    }
}

private func randomText(_ random: inout SeededGenerator) -> String {
    let alphabet = Array("abc \"\\/\n\t\u{0}\u{1f}\u{7f}<>&é€😀\u{2028}\u{2029}\u{ffff}0123456789".unicodeScalars)
    var text = String.UnicodeScalarView()
    for _ in 0..<Int.random(in: 0..<24, using: &random) { text.append(alphabet.randomElement(using: &random)!) }
    return String(text)
}
