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
    func write<Value: Encodable>(_ value: Value, at step: CodingRoute.Step?) throws {
        do {
            guard try !writeScalar(value) else { return }
        } catch let fault as Fault {
            throw CodingRoute.fault(route, step, fault.message)
        }
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
    private func writeScalar<Value>(_ value: Value) throws -> Bool {
        switch value {
        case let value as String: output.writer.value(value)
        case let value as Bool: output.writer.value(value)
        case let value as Double: try output.writer.value(value)
        case let value as Float: try output.writer.value(float: value)
        case let value as JSONValue: try output.writer.value(value)
        case let value as any FixedWidthInteger: try write(integer: value)
        default: return false
        }
        return true
    }

    private func write(integer value: any FixedWidthInteger) throws {
        if let value = Int64(exactly: value) {
            output.writer.value(value)
        } else if let value = UInt64(exactly: value) {
            output.writer.value(value)
        } else {
            throw Fault(.invalidInput, "\(value) is beyond 64 bits")
        }
    }
}

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
