import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("merging a configuration")
struct ConfigMergeTests {
    private static func object(_ text: String) throws -> JSONObject {
        guard case .object(let members)? = try JSON.parse(text).value else { throw Fault(.invalidInput, text) }
        return members
    }

    /// base, ours, theirs, result, result with override.
    static let rows: [(String, String, String, String, String)] = [
        ("{}", #"{"a":1}"#, "{}", #"{"a":1}"#, #"{"a":1}"#),
        // One side's change.
        (#"{"a":1}"#, #"{"a":2}"#, #"{"a":1}"#, #"{"a":2}"#, #"{"a":2}"#),
        (#"{"a":1}"#, #"{"a":1}"#, #"{"a":2}"#, #"{"a":2}"#, #"{"a":1}"#),
        (#"{"a":1}"#, #"{"a":1}"#, "{}", "{}", #"{"a":1}"#),
        (#"{"a":1}"#, "{}", #"{"a":1}"#, "{}", "{}"),
        // Both changed.
        (#"{"a":1}"#, #"{"a":2}"#, #"{"a":3}"#, #"{"a":3}"#, #"{"a":2}"#),
        (#"{"a":1}"#, #"{"a":2}"#, "{}", "{}", #"{"a":2}"#),
        (#"{"a":1}"#, "{}", #"{"a":3}"#, #"{"a":3}"#, #"{"a":3}"#),
        (#"{"a":1}"#, #"{"a":2}"#, #"{"a":2}"#, #"{"a":2}"#, #"{"a":2}"#),
        // A file that was there before us.
        ("{}", #"{"a":1,"b":1}"#, #"{"c":9,"a":5}"#, #"{"c":9,"a":5,"b":1}"#, #"{"c":9,"a":1,"b":1}"#),
        (
            "{}", #"{"p":{"x":1,"y":1}}"#, #"{"p":{"y":2,"z":3}}"#, #"{"p":{"y":2,"z":3,"x":1}}"#,
            #"{"p":{"y":1,"z":3,"x":1}}"#
        ),
        // Objects are merged inside.
        (
            #"{"p":{"x":1,"y":1}}"#, #"{"p":{"x":2,"y":1}}"#, #"{"p":{"x":1,"y":3}}"#, #"{"p":{"x":2,"y":3}}"#,
            #"{"p":{"x":2,"y":1}}"#
        ),
        // What we no longer want goes, and what the person put beside it stays.
        (#"{"p":{"x":1}}"#, "{}", #"{"p":{"x":1,"mine":1}}"#, #"{"p":{"mine":1}}"#, #"{"p":{"mine":1}}"#),
        (#"{"p":{"x":1,"y":1}}"#, "{}", #"{"p":{"x":1}}"#, "{}", "{}"),
        // What the person removed stays away, and what is new comes.
        (#"{"m":{"a":1}}"#, #"{"m":{"a":1,"b":2}}"#, "{}", #"{"m":{"b":2}}"#, #"{"m":{"a":1,"b":2}}"#),
        // Lists, and things that change their kind, are one value.
        (#"{"l":[1]}"#, #"{"l":[1,2]}"#, #"{"l":[1]}"#, #"{"l":[1,2]}"#, #"{"l":[1,2]}"#),
        (#"{"l":[1]}"#, #"{"l":[1,2]}"#, #"{"l":[3]}"#, #"{"l":[3]}"#, #"{"l":[1,2]}"#),
        (#"{"p":{"x":1}}"#, #"{"p":{"x":2}}"#, #"{"p":"none"}"#, #"{"p":"none"}"#, #"{"p":{"x":2}}"#),
        (
            #"{"p":"none"}"#, #"{"p":{"x":2}}"#, #"{"p":"none","q":null}"#, #"{"p":{"x":2},"q":null}"#,
            #"{"p":{"x":2},"q":null}"#
        ),
        (#"{"a":null}"#, #"{"a":null}"#, "{}", "{}", #"{"a":null}"#),
    ]

    @Test("neither side loses a change; where both made one, the person's stays unless told otherwise", arguments: rows)
    func table(base: String, ours: String, theirs: String, result: String, overridden: String) throws {
        let (base, ours, theirs) = (try Self.object(base), try Self.object(ours), try Self.object(theirs))
        let merged = ConfigMerge.merge(base: base, ours: ours, theirs: theirs)
        #expect(try merged == Self.object(result))
        #expect(
            try ConfigMerge.merge(base: base, ours: ours, theirs: theirs, override: true) == Self.object(overridden))
    }

    @Test("the person's order stays, ours comes behind")
    func order() throws {
        let merged = try ConfigMerge.merge(
            base: [:], ours: Self.object(#"{"a":1,"z":1}"#), theirs: Self.object(#"{"z":2,"m":1}"#))
        #expect(merged.map(\.key) == ["z", "m", "a"])
    }

    @Test("what another file settles is left out, member by member")
    func beside() throws {
        let settled = try Self.object(#"{"model":"x","permission":{"bash":"ask"},"agent":{"a":{"mode":"p"}},"mcp":1}"#)
        let wanted = try Self.object(
            #"{"model":"y","share":"disabled","permission":{"bash":"allow","edit":"allow"},"agent":{"a":{"mode":"q"}},"mcp":{"n":1}}"#
        )
        #expect(
            try ConfigMerge.beside(settled, wanted)
                == Self.object(#"{"share":"disabled","permission":{"edit":"allow"}}"#))
    }

    // MARK: any edits

    @Test("edits in different places all arrive, whoever made them", arguments: 0..<300 as Range<UInt64>)
    func disjoint(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let base = Self.tree(&random, depth: 3)
        var (ours, theirs, both) = (base, base, base)
        for path in Self.places(base).shuffled(using: &random).prefix(8) {
            let value = Self.edit(&random)
            if Bool.random(using: &random) {
                Self.set(&ours, path, value)
            } else {
                Self.set(&theirs, path, value)
            }
            Self.set(&both, path, value)
        }
        let merged = ConfigMerge.merge(base: base, ours: ours, theirs: theirs)
        #expect(merged == both)
        #expect(ConfigMerge.merge(base: ours, ours: ours, theirs: merged) == merged, "a second time changes nothing")
    }

    @Test(
        "whatever both sides do, the person's words stay and a second time changes nothing",
        arguments: 0..<300 as Range<UInt64>)
    func conflicting(seed: UInt64) {
        var random = SeededGenerator(seed: seed &+ 1_000_003)
        let base = Self.tree(&random, depth: 3)
        let ours = Self.edited(base, &random)
        let theirs = Self.edited(base, &random)
        let merged = ConfigMerge.merge(base: base, ours: ours, theirs: theirs)
        let former = Self.leaves(base)
        for (path, value) in Self.leaves(theirs) where former[path] != value {
            #expect(Self.leaves(merged)[path] == value, "\(path) of the person is lost")
        }
        #expect(ConfigMerge.merge(base: ours, ours: ours, theirs: merged) == merged)
        let forced = ConfigMerge.merge(base: base, ours: ours, theirs: theirs, override: true)
        for (path, value) in Self.leaves(ours) { #expect(Self.leaves(forced)[path] == value, "\(path) is not forced") }
        #expect(ConfigMerge.merge(base: ours, ours: ours, theirs: forced, override: true) == forced)
    }

    private static func tree(_ random: inout SeededGenerator, depth: Int) -> JSONObject {
        var object = JSONObject()
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let key = String("abcdefgh".randomElement(using: &random)!)
            object[key] =
                depth > 0 && Bool.random(using: &random)
                ? .object(tree(&random, depth: depth - 1)) : .integer(Int64.random(in: 0...3, using: &random))
        }
        return object
    }

    /// A value that no tree has, or nil for a removal.
    private static func edit(_ random: inout SeededGenerator) -> JSONValue? {
        Int.random(in: 0...3, using: &random) == 0
            ? nil : .string("edit \(UInt32.random(in: 0 ... .max, using: &random))")
    }

    private static func edited(_ base: JSONObject, _ random: inout SeededGenerator) -> JSONObject {
        var result = base
        for path in places(base).shuffled(using: &random).prefix(4) { set(&result, path, edit(&random)) }
        if Bool.random(using: &random), let key = base.randomElement(using: &random)?.key {
            result[key] = Bool.random(using: &random) ? nil : .object(tree(&random, depth: 1))
        }
        return result
    }

    /// Paths of what is no object, and of names that are not there yet.
    private static func places(_ object: JSONObject, below path: [String] = []) -> [[String]] {
        var all: [[String]] = [path + ["new"]]
        for member in object {
            if case .object(let inner) = member.value {
                all += places(inner, below: path + [member.key])
            } else {
                all.append(path + [member.key])
            }
        }
        return all
    }

    private static func set(_ object: inout JSONObject, _ path: [String], _ value: JSONValue?) {
        guard path.count > 1 else { return object[path[0]] = value }
        guard case .object(var inner)? = object[path[0]] else { return }
        set(&inner, Array(path.dropFirst()), value)
        object[path[0]] = .object(inner)
    }

    private static func leaves(_ object: JSONObject, below path: String = "") -> [String: JSONValue] {
        var all: [String: JSONValue] = [:]
        for member in object {
            let name = "\(path)/\(member.key)"
            if case .object(let inner) = member.value {
                all.merge(leaves(inner, below: name)) { one, _ in one }
            } else {
                all[name] = member.value
            }
        }
        return all
    }
}

@Suite("JSON with comments")
struct CommentedJSONTests {
    @Test(
        "comments and last commas are read, and strings are left alone",
        arguments: [
            (#"{"a":1}"#, #"{"a":1}"#, false), ("{ // hi\n \"a\": 1, /* x */ }", #"{"a":1}"#, true),
            (#"{"u":"http://x/*y*/","e":"\"// no"}"#, #"{"u":"http://x/*y*/","e":"\"// no"}"#, false),
            ("{\"a\":[1,2,],}", #"{"a":[1,2]}"#, false), ("{\"a\":1} // end", #"{"a":1}"#, true),
            ("/* a\n* b */{\"a\":[{\"b\":2,}/**/,]}", #"{"a":[{"b":2}]}"#, true), ("{}", "{}", false),
            ("{\"a\":1,//\n}", #"{"a":1}"#, true),
        ])
    func read(text: String, plain: String, hasComments: Bool) throws {
        let read = try CommentedJSON(Array(text.utf8))
        #expect(try JSONValue.object(read.object()) == JSON.parse(plain).value)
        #expect(read.hasComments == hasComments && read.plain.count == text.utf8.count)
    }

    @Test(
        "what is broken is refused",
        arguments: [
            "", "{", "[1]", "7", "{,}", "{\"a\":[,]}", "{\"a\":1,,}", "{\"a\":}", "{\"a\":,}", "/* {}", "{\"a\": \"x}",
            "{} /",
            "{\"a\\", "{\"a\":1}}",
        ])
    func broken(text: String) {
        #expect(throws: Fault.self) { try CommentedJSON(Array(text.utf8)).object() }
    }

    @Test("places in errors are those of the text")
    func places() {
        let fault = #expect(throws: Fault.self) { try CommentedJSON(Array("{ // one\n  /* two */ x }".utf8)).object() }
        #expect(fault?.message.contains("line 2 column 13") == true, "\(String(describing: fault))")
    }
}

@Suite("what becomes of opencode.json")
struct ConfigPlanTests {
    private static func make(
        _ json: String?, _ jsonc: String? = nil, base: JSONObject = [:], override: Bool = false
    ) -> ConfigPlan {
        ConfigPlan.make(
            base: base, wanted: ["model": "m", "share": "disabled"], override: override,
            json: json.map { Array($0.utf8) },
            jsonc: jsonc.map { Array($0.utf8) })
    }

    private static func text(_ plan: ConfigPlan) -> JSONValue? {
        guard case .write(let bytes, _) = plan else { return nil }
        return (try? JSON.parse(bytes))?.value
    }

    @Test("it is written where there is none, merged where there is one, and left where nothing changes")
    func plain() {
        #expect(Self.text(Self.make(nil)) == ["model": "m", "share": "disabled"])
        #expect(Self.text(Self.make(" \n")) == ["model": "m", "share": "disabled"])
        #expect(Self.text(Self.make(#"{"model":"mine"}"#)) == ["model": "mine", "share": "disabled"])
        #expect(Self.make(#"{"share":"disabled","model":"m"}"#) == .same(ours: ["model": "m", "share": "disabled"]))
        #expect(
            Self.make("{}", base: ["model": "m", "share": "disabled"])
                == .same(ours: ["model": "m", "share": "disabled"]))
    }

    @Test(
        "a person's file with comments, or one that cannot be read, is never written",
        arguments: [
            "{\"model\":\"x\" // mine\n}", "{", "[]", "nonsense", "{\"a\":1,,}", "/*",
        ])
    func left(json: String) {
        for override in [false, true] {
            guard case .leave = Self.make(json, override: override) else {
                Issue.record("\(json) would be overwritten")
                continue
            }
        }
    }

    @Test("what opencode.jsonc says is not contradicted by opencode.json, unless that is wanted")
    func beside() {
        let jsonc = "{ \"model\": \"mine\", /* note */ }"
        #expect(Self.text(Self.make(nil, jsonc)) == ["share": "disabled"])
        #expect(Self.text(Self.make(nil, jsonc, override: true)) == ["model": "m", "share": "disabled"])
        let base: JSONObject = ["model": "m", "share": "disabled"]
        #expect(
            Self.text(Self.make(#"{"model":"m","share":"disabled"}"#, jsonc, base: base)) == ["share": "disabled"],
            "ours goes when the person says it elsewhere")
        guard case .leave = Self.make(nil, "{ broken") else {
            Issue.record("a broken opencode.jsonc may mean anything")
            return
        }
    }
}
