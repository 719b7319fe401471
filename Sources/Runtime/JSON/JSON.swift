public import LuaBridge

/// JSON text to parcels (and from there to Lua tables), to a view, to typed Swift values, and back.
///
/// Strict RFC 8259. Integers are exact within 64 bits; beyond them, and for `-0`, a number is a double. A number too
/// large for a double is refused; one too small becomes zero. Of two equal keys the last one wins, wherever the object
/// is read: in the view, in typed values and in Lua.
public enum JSON {
    public struct Limits: Sendable {
        public var bytes: Int
        public var depth: Int

        /// Both are capped: sizes in a parcel have 32 bits, and nesting is recursion.
        public init(bytes: Int = 32 << 20, depth: Int = 128) {
            self.bytes = min(max(bytes, 0), 512 << 20)
            self.depth = min(max(depth, 0), 512)
        }
    }

    public static func parcel(_ text: UnsafeBufferPointer<UInt8>, limits: Limits = Limits()) throws -> Parcel {
        Parcel(adopting: try JSONParser.parse(text, limits))
    }

    public static func parcel(_ text: [UInt8], limits: Limits = Limits()) throws -> Parcel {
        Parcel(adopting: try values(text, limits))
    }

    public static func parse(_ text: UnsafeBufferPointer<UInt8>, limits: Limits = Limits()) throws -> JSONView {
        JSONView(root: try JSONParser.parse(text, limits))
    }

    public static func parse(_ text: [UInt8], limits: Limits = Limits()) throws -> JSONView {
        JSONView(root: try values(text, limits))
    }

    public static func parse(_ text: String, limits: Limits = Limits()) throws -> JSONView {
        try parse(Array(text.utf8), limits: limits)
    }

    public static func decode<Value: Decodable>(
        _ type: Value.Type, from text: [UInt8], limits: Limits = Limits()
    ) throws -> Value {
        try parse(text, limits: limits).decode(type)
    }

    /// Reads what came from Lua, where an empty table may stand for an empty list.
    public static func decode<Value: Decodable>(_ type: Value.Type, from parcel: Parcel) throws -> Value {
        try ValueDecoder.decode(type, at: 0, in: parcel.bytes, fromLua: true)
    }

    public static func encode(_ value: some Encodable, style: JSONWriter.Style = []) throws -> [UInt8] {
        var writer = JSONWriter(style)
        try writer.value(encoding: value)
        return writer.finish()
    }

    public static func text(of parcel: Parcel, style: JSONWriter.Style = []) throws -> [UInt8] {
        var writer = JSONWriter(style)
        writer.reserve(parcel.bytes.count)
        try writer.value(parcel)
        return writer.finish()
    }

    private static func values(_ text: [UInt8], _ limits: Limits) throws -> [UInt8] {
        try text.withUnsafeBufferPointer { try JSONParser.parse($0, limits) }
    }
}
