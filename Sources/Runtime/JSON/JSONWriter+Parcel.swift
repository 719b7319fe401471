public import LuaBridge

/// Why a value inside a parcel or a free-form value has no form in JSON; the way to it grows as the error rises.
private struct Unwritable: Error {
    var steps: [CodingRoute.Step] = []
    let sentence: String

    init(_ sentence: String) { self.sentence = sentence }

    func inside(_ step: CodingRoute.Step) -> Unwritable {
        var outer = self
        outer.steps.append(step)
        return outer
    }

    var fault: Fault {
        let route = steps.reversed().reduce(nil) { CodingRoute($0, $1) }
        return CodingRoute.fault(route, nil, sentence)
    }
}

extension JSONWriter {
    /// What came from Lua, or from other JSON: an array as a list, a table as an object (the empty one too).
    public mutating func value(_ parcel: Parcel) throws {
        guard !parcel.bytes.isEmpty else { return null() }
        try parcel.bytes.withUnsafeBytes { try rethrowingFault(ParcelReader($0), 0) }
    }

    public mutating func value(_ view: JSONView) throws {
        guard view.exists else { return null() }
        try view.read { try rethrowingFault($0, view.offset) }
    }

    private mutating func rethrowingFault(_ reader: ParcelReader, _ offset: Int) throws {
        do throws(Unwritable) { try write(reader, offset) } catch { throw error.fault }
    }

    private mutating func write(_ reader: ParcelReader, _ offset: Int) throws(Unwritable) {
        switch reader.tag(offset) {
        case .nil, .null: null()
        case .false: value(false)
        case .true: value(true)
        case .integer: value(reader.integer(offset))
        case .number: try write(reader.number(offset))
        case .string:
            separate()
            try write(text: reader.text(offset), as: "a string")
            endValue()
        case .array: try write(array: reader, offset)
        case .table: try write(table: reader, offset)
        case .reference, .object, .host, .readOnly, .error: throw Unwritable("a function or handle has no form in JSON")
        }
    }

    private mutating func write(array reader: ParcelReader, _ offset: Int) throws(Unwritable) {
        try checkDepth()
        beginArray()
        var position = reader.first(offset)
        for index in 0..<reader.count(offset) {
            do throws(Unwritable) { try write(reader, position) } catch { throw error.inside(.index(index)) }
            position = reader.after(position)
        }
        endArray()
    }

    private mutating func write(table reader: ParcelReader, _ offset: Int) throws(Unwritable) {
        try checkDepth()
        beginObject()
        var position = reader.first(offset)
        for _ in 0..<reader.count(offset) {
            guard reader.tag(position) == .string else { throw Self.integerKey(reader, offset, position) }
            separate()
            try write(text: reader.text(position), as: "a key")
            endKey()
            let value = reader.after(position)
            do throws(Unwritable) { try write(reader, value) } catch {
                throw error.inside(.key(reader.string(position)))
            }
            position = reader.after(value)
        }
        endObject()
    }

    /// Keys of JSON are strings: a table with a list's keys is a list with holes, or has both kinds.
    private static func integerKey(_ reader: ParcelReader, _ table: Int, _ key: Int) -> Unwritable {
        var position = reader.first(table)
        for _ in 0..<reader.count(table) {
            if reader.tag(position) == .string {
                return Unwritable(
                    "a table with both string keys ('\(reader.string(position).prefix(40))') and integer keys "
                        + "(\(reader.integer(key))) has no form in JSON")
            }
            position = reader.after(reader.after(position))
        }
        return Unwritable(
            "a list with holes has no form in JSON: it has \(reader.count(table)) elements, one of them at "
                + "\(reader.integer(key))")
    }

    private mutating func write(text: UnsafeBufferPointer<UInt8>, as what: String) throws(Unwritable) {
        if let place = append(quoted: text) {
            throw Unwritable("\(what) is not UTF-8: byte \(place + 1) of \(text.count)")
        }
    }

    private mutating func write(_ number: Double) throws(Unwritable) {
        guard number.isFinite else { throw Unwritable("\(number) has no form in JSON") }
        append(text: number.description)
    }

    private func checkDepth() throws(Unwritable) {
        guard depth < Self.depthLimit else { throw Unwritable("nested deeper than \(Self.depthLimit) levels") }
    }
}

extension JSONWriter {
    public mutating func value(_ value: JSONValue) throws {
        do throws(Unwritable) { try write(value) } catch { throw error.fault }
    }

    private mutating func write(_ value: JSONValue) throws(Unwritable) {
        switch value {
        case .null: null()
        case .bool(let value): self.value(value)
        case .integer(let value): self.value(value)
        case .number(let value): try write(value)
        case .string(let value): self.value(value)
        case .array(let elements):
            try checkDepth()
            beginArray()
            for (index, element) in elements.enumerated() {
                do throws(Unwritable) { try write(element) } catch { throw error.inside(.index(index)) }
            }
            endArray()
        case .object(let object):
            try checkDepth()
            beginObject()
            for member in object {
                key(escaping: member.key)
                do throws(Unwritable) { try write(member.value) } catch { throw error.inside(.key(member.key)) }
            }
            endObject()
        }
    }
}
