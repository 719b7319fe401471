import LuaBridge

extension LuaValue {
    /// JSON text that is the same for equal values: members in the order of their names, whole numbers without a point.
    func canonicalJSON() throws -> [UInt8] {
        var parcel = Parcel()
        parcel.put(canonical: self)
        return try JSON.text(of: parcel)
    }
}

extension Parcel {
    /// The same for equal values; as a value Lua's tables have no order.
    mutating func put(canonical value: LuaValue) {
        switch value {
        case .number(let number):
            if let whole = Int64(exactly: number), whole.magnitude < 1 << 53 { put(whole) } else { put(number) }
        case .array(let values):
            let array = beginArray()
            for value in values { put(canonical: value) }
            end(array, count: values.count)
        case .table(let fields):
            let table = beginTable()
            for (key, value) in fields.sorted(by: { $0.key.precedes($1.key) }) {
                put(key)
                put(canonical: value)
            }
            end(table, count: fields.count)
        default: put(value)
        }
    }
}

extension LuaKey {
    /// By bytes, so that the order is the same wherever it is made.
    fileprivate func precedes(_ other: LuaKey) -> Bool { text.utf8.lexicographicallyPrecedes(other.text.utf8) }
}
