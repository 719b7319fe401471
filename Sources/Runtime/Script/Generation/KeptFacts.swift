import LuaBridge

/// Facts that cross into Lua once and are read there several times: scripts get the same read-only table each time.
@Loop
public final class KeptFacts {
    public let value: JSONValue
    private let table: LuaValue

    init(_ value: JSONValue, in state: LuaState) throws {
        self.value = value
        let give = try state.load("return (...)", script: "facts")
        let made = try state.callNow(give, LuaCallOptions(keepsTables: true)) {
            $0.makeNextReadOnly()
            $0.put(json: value)
        } results: {
            $0.value()
        }
        table = made
    }

    func put(into parcel: inout Parcel) { parcel.put(table) }
}

extension Generation {
    /// Facts for more than one hook.
    public func kept(_ facts: JSONValue) throws -> KeptFacts { try KeptFacts(facts, in: state) }

    /// The facts of that name, which are made when they are asked for first and stay as long as the generation lives.
    public func kept(_ name: String, _ make: () -> JSONValue) throws -> KeptFacts {
        if let known = contents.kept[name] { return known }
        let facts = try KeptFacts(make(), in: state)
        keep(facts, as: name)
        return facts
    }
}
