/// `Encodable` straight into text. What is written in order goes to one buffer; a nested container, which may stay open
/// while its parent goes on, gets a buffer of its own that is put in its place at the end.
final class ValueEncoder: Encoder {
    private enum Opened { case nothing, object, array, value }

    final class Output {
        var writer: JSONWriter
        var insertions: [(at: Int, encoder: ValueEncoder)] = []

        init(_ writer: JSONWriter) { self.writer = writer }
    }

    let output: Output
    let route: CodingRoute?
    private var opened = Opened.nothing
    /// How many objects and lists are open while this value's own one is the innermost.
    private(set) var level: Int

    init(_ output: Output, _ route: CodingRoute?) {
        self.output = output
        self.route = route
        level = output.writer.depth
    }

    static func encode(_ value: some Encodable, _ style: JSONWriter.Style, depth: Int) throws -> [UInt8] {
        let encoder = ValueEncoder(Output(JSONWriter(style, after: [], depth: depth)), nil)
        try encoder.write(value, at: nil)
        return encoder.output.text
    }

    var codingPath: [any CodingKey] { route?.codingPath ?? [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        open(.object)
        return KeyedEncodingContainer(KeyedWriter<Key>(encoder: self))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        open(.array)
        return UnkeyedWriter(encoder: self)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { SingleWriter(encoder: self) }

    /// Asked twice (by a class and its superclass) it is the same object or list.
    private func open(_ kind: Opened) {
        guard opened != kind else { return }
        precondition(opened == .nothing, "a value that has begun as \(opened) cannot go on as \(kind)")
        if kind == .object { output.writer.beginObject() } else { output.writer.beginArray() }
        opened = kind
        level += 1
    }

    /// Ends the value; one that wrote nothing is an empty object.
    func close() {
        if opened == .nothing { open(.object) }
        switch opened {
        case .object: output.writer.endObject()
        case .array: output.writer.endArray()
        case .nothing, .value: break
        }
    }

    func write(freeForm value: JSONValue) throws {
        try write { try $0.value(value) }
        opened = .value
    }

    /// Writes one value where the writer stands; `step` leads to it from this encoder's value.
    @inline(__always)
    func write<Value: Encodable>(_ value: Value, at step: CodingRoute.Step?) throws {
        do {
            guard try !writeScalar(value) else { return }
        } catch let fault as Fault {
            throw CodingRoute.fault(route, step, fault.message)
        }
        try writeOther(value, step)
    }

    private func writeOther<Value: Encodable>(_ value: Value, _ step: CodingRoute.Step?) throws {
        guard output.writer.depth < JSONWriter.depthLimit else {
            throw CodingRoute.fault(route, step, "nested deeper than \(JSONWriter.depthLimit) levels")
        }
        let inner = ValueEncoder(output, step.map { CodingRoute(route, $0) } ?? route)
        try value.encode(to: inner)
        inner.close()
    }

    /// A value in a single-value container takes this encoder's own place.
    func writeSingle<Value: Encodable>(_ value: Value) throws {
        precondition(opened == .nothing, "a value can be written once")
        try write(value, at: nil)
        opened = .value
    }

    func write(_ body: (inout JSONWriter) throws -> Void) throws {
        guard output.writer.depth == level else {
            throw CodingRoute.fault(route, nil, "written to after it was ended")
        }
        try body(&output.writer)
    }

    /// An encoder for a value whose contents come later, in the place where the writer stands now.
    func deferred(at step: CodingRoute.Step) -> ValueEncoder {
        precondition(output.writer.depth == level, "written to after it was ended")
        let place = output.writer.skipValue()
        let writer = JSONWriter(output.writer.style, after: [], depth: output.writer.depth)
        let encoder = ValueEncoder(Output(writer), CodingRoute(route, step))
        output.insertions.append((place, encoder))
        return encoder
    }

    /// The types that JSON has itself; false for all others.
    @inline(__always)
    private func writeScalar<Value>(_ value: Value) throws -> Bool {
        let type = Value.self
        if type == String.self {
            output.writer.value(same(value, as: String.self))
        } else if type == Int.self {
            output.writer.value(same(value, as: Int.self))
        } else if type == Bool.self {
            output.writer.value(same(value, as: Bool.self))
        } else if type == Double.self {
            try output.writer.value(same(value, as: Double.self))
        } else if type == Float.self {
            try output.writer.value(float: same(value, as: Float.self))
        } else if type == UInt64.self {
            output.writer.value(same(value, as: UInt64.self))
        } else if type == UInt.self {
            output.writer.value(UInt64(same(value, as: UInt.self)))
        } else if type == JSONValue.self {
            try output.writer.value(same(value, as: JSONValue.self))
        } else if let integer = narrowInteger(value) {
            output.writer.value(integer)
        } else {
            return false
        }
        return true
    }

    @inline(__always)
    private func narrowInteger<Value>(_ value: Value) -> Int64? {
        let type = Value.self
        if type == Int64.self { return same(value, as: Int64.self) }
        if type == Int32.self { return Int64(same(value, as: Int32.self)) }
        if type == Int16.self { return Int64(same(value, as: Int16.self)) }
        if type == Int8.self { return Int64(same(value, as: Int8.self)) }
        if type == UInt32.self { return Int64(same(value, as: UInt32.self)) }
        if type == UInt16.self { return Int64(same(value, as: UInt16.self)) }
        if type == UInt8.self { return Int64(same(value, as: UInt8.self)) }
        return nil
    }
}

/// The same value under the type's other name, once the two are known to be one.
@inline(__always)
func same<One, Other>(_ value: One, as type: Other.Type) -> Other { unsafeBitCast(value, to: type) }

extension ValueEncoder.Output {
    /// Everything, with what was deferred in its place.
    var text: [UInt8] {
        guard !insertions.isEmpty else { return writer.bytes }
        var text: [UInt8] = []
        var done = 0
        for (place, encoder) in insertions {
            text += writer.bytes[done..<place]
            encoder.close()
            text += encoder.output.text
            done = place
        }
        return text + writer.bytes[done...]
    }
}
