import Runtime

/// What is read can be written, in every style, and means the same when it is read again.
func fuzzJSON(_ input: UnsafeBufferPointer<UInt8>) {
    let view: JSONView
    do {
        view = try JSON.parse(input)
    } catch {
        return expectFault(error)
    }
    let value = view.value!
    for style in [[], .pretty, .htmlSafe] as [JSONWriter.Style] {
        var writer = JSONWriter(style)
        do {
            try writer.value(view)
            let text = writer.finish()
            promise(try JSON.parse(text).value == value, "a different value came back")
            promise(style == .pretty || !text.contains { $0 < 0x20 }, "a raw control character was written")
            promise(
                style != .htmlSafe || !text.contains { $0 == 0x3c || $0 == 0x3e || $0 == 0x26 }, "HTML was written")
            promise(try JSON.encode(value, style: style).count <= text.count, "more came out of the value")
        } catch {
            preconditionFailure("what was read cannot be written: \(error)")
        }
    }
    walk(view)
}

/// Typed reading either works or says where it does not.
func fuzzTypedJSON(_ input: UnsafeBufferPointer<UInt8>) {
    do {
        let request = try JSON.decode(Request.self, from: Array(input))
        let again = try JSON.decode(Request.self, from: JSON.encode(request))
        promise(again == request, "a different request came back")
    } catch {
        expectFault(error)
    }
}

private struct Request: Codable, Equatable {
    enum Role: String, Codable, CaseIterable { case user, assistant }
    struct Message: Codable, Equatable {
        var role: Role
        var content: String?
        var weights: [Float]?
        var small: Int8?
        var index: [String: Int]?
    }
    var model: String
    var stream: Bool?
    var messages: [Message?]
    var rest: JSONValue?
}

private func walk(_ view: JSONView) {
    var count = 0
    for element in view.elements {
        walk(element)
        count += 1
    }
    for (key, value) in view.members {
        promise(view[key].exists, "a member is not found by its key")
        walk(value)
        count += 1
    }
    promise(count == view.count, "the count is wrong")
}

func expectFault(_ error: any Error) {
    guard let fault = error as? Fault else { preconditionFailure("not a fault: \(error)") }
    promise(!fault.message.isEmpty && fault.kind != .internal, "not the caller's fault: \(fault)")
}
