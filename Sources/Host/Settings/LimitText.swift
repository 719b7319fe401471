import Runtime

/// The limits of one kind of script call as text: `compute=1s wall=1m result=1MB`, any of them.
struct LimitText: Sendable, Equatable {
    var computing: Duration?
    var wall: Duration?
    var result: Int?

    init?(_ text: String) {
        for part in text.split(whereSeparator: { $0 == " " || $0 == "," }) {
            guard let mark = part.firstIndex(of: "=") else { return nil }
            let value = String(part[part.index(after: mark)...])
            switch part[..<mark] {
            case "compute":
                guard let limit = Units.duration(value), limit > .zero else { return nil }
                computing = limit
            case "wall":
                guard let limit = Units.duration(value), limit > .zero else { return nil }
                wall = limit
            case "result":
                guard let limit = Units.bytes(value), limit > 0, limit <= 64 << 20 else { return nil }
                result = limit
            default: return nil
            }
        }
    }

    func applied(to call: ScriptLimits.Call) -> ScriptLimits.Call {
        ScriptLimits.Call(
            computing: computing ?? call.computing, wall: wall ?? call.wall, result: result ?? call.result)
    }
}

extension Accepted where Value == LimitText {
    static let limits = Accepted(
        description: "limits such as `compute=1s wall=1m result=1MB`, or some of them"
    ) { LimitText($0) }
}

extension Settings {
    var scriptLimits: ScriptLimits {
        var limits = ScriptLimits()
        limits.memory = self[SettingTable.scriptMemory]
        for (kind, setting) in SettingTable.scriptLimits {
            limits[kind] = self[setting].applied(to: limits[kind])
        }
        return limits
    }
}
