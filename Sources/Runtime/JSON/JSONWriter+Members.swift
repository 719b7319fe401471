extension JSONWriter {
    public mutating func object(_ contents: (inout JSONWriter) throws -> Void) rethrows {
        beginObject()
        try contents(&self)
        endObject()
    }

    public mutating func array(_ contents: (inout JSONWriter) throws -> Void) rethrows {
        beginArray()
        try contents(&self)
        endArray()
    }

    public mutating func object(_ name: StaticString, _ contents: (inout JSONWriter) throws -> Void) rethrows {
        key(name)
        try object(contents)
    }

    public mutating func array(_ name: StaticString, _ contents: (inout JSONWriter) throws -> Void) rethrows {
        key(name)
        try array(contents)
    }

    public mutating func member(_ name: StaticString, _ value: String) {
        key(name)
        self.value(value)
    }

    public mutating func member(_ name: StaticString, _ value: Int) {
        key(name)
        self.value(value)
    }

    public mutating func member(_ name: StaticString, _ value: Bool) {
        key(name)
        self.value(value)
    }

    public mutating func member(_ name: StaticString, _ value: Double) throws {
        key(name)
        try self.value(value)
    }

    public mutating func member(_ name: StaticString, _ value: JSONView) throws {
        key(name)
        try self.value(value)
    }

    public mutating func member(_ name: StaticString, _ value: JSONValue) throws {
        key(name)
        try self.value(value)
    }

    public mutating func member(null name: StaticString) {
        key(name)
        null()
    }

    /// Any `Encodable`; slower than the calls above by the containers that the protocol asks for.
    public mutating func value(encoding value: some Encodable) throws {
        self.value(json: try ValueEncoder.encode(value, style, depth: depth))
    }
}
