import LuaBridge

/// A namespace in a script's hands: the rules for keys and values, in front of the world's values.
final class StoreNamespace {
    static let keyLimit = 200
    static let valueLimit = 256 << 10

    let name: String
    let lifetime: Duration?

    init(_ name: String, lifetime: Duration?) {
        self.name = name
        self.lifetime = lifetime
    }

    /// A key often comes from outside, so a bad one is no mistake of the script.
    static func key(_ value: LuaValue) throws -> String {
        guard case .string(let key) = value, !key.isEmpty, !key.utf8.contains(0) else {
            throw Fault(.invalidInput, "a key is text in UTF-8, neither empty nor with a NUL in it")
        }
        guard key.utf8.count <= keyLimit else {
            throw Fault(
                .tooLarge,
                "the key '\(key.prefix(40))…' is \(key.utf8.count) bytes long, at most \(keyLimit) are taken",
                hint: "use a digest of it: crypto.sha256(key)")
        }
        return key
    }

    /// What cannot be kept is the script's mistake; what is too large need not be.
    static func json(_ value: LuaValue, at place: String, of key: String) throws -> String {
        let text: [UInt8]
        do {
            text = try value.canonicalJSON()
        } catch {
            throw ScriptMistake("\(place) cannot be kept: \(Fault(error).message)")
        }
        guard text.count <= valueLimit else {
            throw Fault(
                .tooLarge,
                "the value for '\(key)' is \(Units.describe(bytes: text.count)) as JSON, "
                    + "at most \(Units.describe(bytes: valueLimit)) are kept",
                hint: "keep it in a file, or in parts")
        }
        return String(decoding: text, as: UTF8.self)
    }

    static func value(_ json: String) throws -> LuaValue {
        let parcel = try JSON.parcel(Array(json.utf8))
        return parcel.withUnsafeBytes { bytes in
            var reader = LuaBridge.ParcelReader(bytes: bytes)
            return reader.value()
        }
    }
}
