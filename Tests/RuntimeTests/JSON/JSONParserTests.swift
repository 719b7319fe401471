import Testing

@testable import Runtime

@Suite("JSON text")
struct JSONParserTests {
    @Test("what RFC 8259 allows is read", arguments: acceptedTexts)
    func accepts(text: String, expected: String) throws {
        let written = try JSON.text(of: JSON.parcel(Array(text.utf8)))
        #expect(String(decoding: written, as: UTF8.self) == expected)
        #expect(try JSON.text(of: JSON.parcel(written)) == written)
    }

    @Test("anything else is refused with its place and what was expected there", arguments: refusedTexts)
    func refuses(text: String, words: String) {
        let fault = #expect(throws: Fault.self) { try JSON.parse(text) }
        #expect(fault?.kind == .invalidInput)
        #expect(fault?.message.hasPrefix("JSON line ") == true)
        #expect(fault?.message.contains(words) == true, "\(fault?.message ?? "accepted")")
    }

    @Test("bytes that are not UTF-8 are refused in values and keys, wherever they stand", arguments: brokenUTF8)
    func utf8(bytes: [UInt8]) {
        for before in ["", "a", "1234567", "12345678"] {
            for after in ["", "z", "123456789"] {
                let string = Array("\"\(before)".utf8) + bytes + Array("\(after)\"".utf8)
                for text in [string, Array("{".utf8) + string + Array(":1}".utf8)] {
                    let fault = #expect(throws: Fault.self) { try JSON.parse(text) }
                    #expect(fault?.message.contains("a string is not UTF-8") == true)
                }
            }
        }
    }

    @Test("nesting is allowed to its limit and not one level further")
    func depth() throws {
        func nested(_ depth: Int, _ open: String, _ close: String) -> String {
            String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
        }
        for (open, close) in [("[", "]"), (#"{"a":"#, "}")] {
            #expect(throws: Never.self) { try JSON.parse(nested(128, open, close)) }
            let fault = #expect(throws: Fault.self) { try JSON.parse(nested(129, open, close)) }
            #expect(fault?.message.contains("nested deeper than 128 levels") == true)
        }
        let bomb = [UInt8](repeating: UInt8(ascii: "["), count: 1 << 20)
        #expect(throws: Fault.self) { try JSON.parse(bomb) }
        #expect(try JSON.parse("1", limits: JSON.Limits(depth: 0)).integer == 1)
        #expect(throws: Fault.self) { try JSON.parse("[]", limits: JSON.Limits(depth: 0)) }
    }

    @Test("a text over the caller's limit is refused before it is read")
    func size() {
        let limits = JSON.Limits(bytes: 8)
        #expect(throws: Never.self) { try JSON.parse("12345678", limits: limits) }
        let fault = #expect(throws: Fault.self) { try JSON.parse("123456789", limits: limits) }
        #expect(fault?.kind == .tooLarge)
    }

    @Test("every prefix of an object is refused, and the whole is not")
    func prefixes() throws {
        let text = Array(sampleRequest.utf8)
        for end in text.indices {
            #expect(throws: Fault.self) { try JSON.parse(Array(text[..<end])) }
        }
        #expect(throws: Never.self) { try JSON.parse(text) }
    }

    @Test("any changed byte is either read or refused, and what is read can be written and read again")
    func flips() throws {
        let sample = Array(sampleDelta.utf8)
        var accepted = 0
        for place in sample.indices {
            for bit in 0..<8 {
                var changed = sample
                changed[place] ^= 1 << bit
                guard let view = readOrRefuse(changed) else { continue }
                accepted += 1
                let written = try text(of: view)
                #expect(try JSON.text(of: JSON.parcel(written)) == written)
            }
        }
        #expect(accepted > 100)
    }

    @Test("the densest texts fill the buffer no further than was reckoned")
    func density() throws {
        for unit in ["1", "[]", "{}", "\"\"", "[1]", #"{"":1}"#, "[[1]]"] {
            for count in [0, 1, 2, 3, 10, 1000, 40_000] {
                let text = "[" + Array(repeating: unit, count: count).joined(separator: ",") + "]"
                #expect(try JSON.parse(text).count == count)
            }
        }
    }

    @Test("a part of a larger buffer is read to its end and no further")
    func bounds() throws {
        let text = Array("[1,\"abc\"]99999999".utf8)
        try text.withUnsafeBufferPointer { (all) throws in
            #expect(try JSON.parse(UnsafeBufferPointer(rebasing: all[..<9])).count == 2)
            #expect(try JSON.parse(UnsafeBufferPointer(rebasing: all[9...9])).integer == 9)
            #expect(throws: Fault.self) { try JSON.parse(UnsafeBufferPointer(rebasing: all[..<8])) }
        }
    }
}

func text(of view: JSONView, style: JSONWriter.Style = []) throws -> [UInt8] {
    var writer = JSONWriter(style)
    try writer.value(view)
    return writer.finish()
}

let sampleDelta = """
    {"id":"chatcmpl-8f2","object":"chat.completion.chunk","created":1763700000,"model":"izzy","choices":[{"index":0,\
    "delta":{"content":" wörld\\n"},"finish_reason":null}]}
    """

let sampleRequest = """
    {"model":"izzy","stream":true,"temperature":0.7,"max_tokens":4096,"seed":9007199254740993,"messages":[\
    {"role":"system","content":"You are Izzy.\\nKeep replies short, and say \\"what\\" you changed."},\
    {"role":"user","content":[{"type":"text","text":"Grüße \\ud83d\\ude00 — how many?"}]}],"tools":[],"metadata":{}}
    """

/// The values of `text`; nil when it is refused in the way it should be.
func readOrRefuse(_ text: [UInt8]) -> JSONView? {
    do {
        return try JSON.parse(text)
    } catch let fault as Fault {
        #expect(fault.kind == .invalidInput && fault.message.hasPrefix("JSON line "))
    } catch {
        Issue.record("not a fault: \(error)")
    }
    return nil
}
