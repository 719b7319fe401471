import Runtime

/// What becomes of a workspace's `opencode.json`, decided from what is there.
enum ConfigPlan: Sendable, Equatable {
    /// The file as it should be, and what of it is ours.
    case write([UInt8], ours: JSONObject)
    case same(ours: JSONObject)
    /// It is a person's and stays as it is, for this reason.
    case leave(String)

    static let limit = 1 << 20

    /// `json` and `jsonc` are the two files as they are. The agent reads `opencode.jsonc` first, so that `opencode.json`
    /// wins over it: what a person says in the former must not stand in the latter.
    static func make(
        base: JSONObject, wanted: JSONObject, override: Bool, json: [UInt8]?, jsonc: [UInt8]?
    ) -> ConfigPlan {
        var ours = wanted
        if let jsonc {
            do {
                let settled = try CommentedJSON(jsonc).object()
                if !override { ours = ConfigMerge.beside(settled, wanted) }
            } catch {
                return .leave("opencode.jsonc cannot be read: \(Fault(error).message)")
            }
        }
        var theirs = JSONObject()
        if let json, !json.allSatisfy({ $0 == 32 || 9...13 ~= $0 }) {
            do {
                let file = try CommentedJSON(json)
                theirs = try file.object()
                if file.hasComments { return .leave("opencode.json has comments, which would be lost") }
            } catch {
                return .leave("opencode.json cannot be read: \(Fault(error).message)")
            }
        }
        let merged = ConfigMerge.merge(base: base, ours: ours, theirs: theirs, override: override)
        if merged == theirs, json != nil || merged.isEmpty { return .same(ours: ours) }
        return text(of: merged).map { .write($0, ours: ours) } ?? .leave("it would be larger than a megabyte")
    }

    /// Checked by reading it again; nil when it is too large.
    private static func text(of config: JSONObject) -> [UInt8]? {
        do {
            let bytes = try JSON.encode(JSONValue.object(config), style: .pretty) + [10]
            guard bytes.count <= limit, try JSON.parse(bytes).value == .object(config) else { return nil }
            return bytes
        } catch {
            return nil
        }
    }
}
