import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("the description of all doors")
@Loop
struct DescriptionTests {
    @Test("every shape that is named is there, every parameter of a path is told, and every answer has a shape or none")
    func whole() async throws {
        let bed = try await ResourcesBed.start()
        let description = try await bed.get("/openapi.json", as: nil).json
        let known = Set(members(description["components"]?["schemas"]).map(\.key))
        let named = references(description)
        #expect(named.subtracting(known).isEmpty, "\(named.subtracting(known))")
        #expect(known.subtracting(named).isEmpty, "shapes that nobody names: \(known.subtracting(named))")
        var ids: Set<String> = []
        for path in members(description["paths"]) {
            let braces = path.key.split(separator: "/").filter { $0.hasPrefix("{") }.map { $0.dropFirst().dropLast() }
            for operation in members(path.value) {
                let place = "\(operation.key) \(path.key)"
                #expect(ids.insert(operation.value.text("operationId")).inserted, "\(place) has another's id")
                let told = operation.value.list("parameters").filter { $0["in"] == "path" }.map { $0.text("name") }
                #expect(told == braces.map(String.init), "\(place)")
                let answers = members(operation.value["responses"])
                #expect(answers.contains { $0.key.hasPrefix("2") || $0.key == "101" || $0.key >= "400" }, "\(place)")
                #expect(answers.allSatisfy { !$0.value.text("description").isEmpty }, "\(place)")
                let needsKey = operation.value["security"] != nil
                #expect(!needsKey || answers.contains { $0.key == "401" }, "\(place)")
            }
        }
        _ = try await bed.program.end()
    }

    @Test("a shape is written in words")
    func words() {
        let shape = Schematics.shape(
            ["id": "string", "at?": "time", "all": "[Run]", "last": "Run|null"], isClosed: true)
        #expect(shape["required"] == ["id", "all", "last"] && shape["additionalProperties"] == false)
        #expect(shape["properties"]?["at"] == ["type": "string", "format": "date-time"])
        #expect(shape["properties"]?["all"]?["items"] == ["$ref": "#/components/schemas/Run"])
        #expect(shape["properties"]?["last"]?["anyOf"]?[1] == ["type": "null"])
    }

    private func members(_ value: JSONValue?) -> [JSONObject.Member] {
        if case .object(let object)? = value { Array(object) } else { [] }
    }

    private func references(_ value: JSONValue) -> Set<String> {
        switch value {
        case .object(let object):
            var found: Set<String> = []
            for member in object {
                if member.key == "$ref", let name = member.value.string?.split(separator: "/").last {
                    found.insert(String(name))
                }
                found.formUnion(references(member.value))
            }
            return found
        case .array(let elements): return elements.reduce(into: []) { $0.formUnion(references($1)) }
        default: return []
        }
    }
}
