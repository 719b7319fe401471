import Runtime

/// JSON as people write it in configuration files: with `//` and `/* */` comments, and commas after the last element.
struct CommentedJSON: Sendable, Equatable {
    /// The same text as plain JSON; what was taken out left blanks, so that places in errors are right.
    let plain: [UInt8]
    let hasComments: Bool

    init(_ text: [UInt8]) throws {
        var plain = text
        var hasComments = false
        var place = 0
        /// The last comma behind a value, while nothing but blanks and comments has followed it.
        var comma: Int?
        var isBehindValue = false
        while place < plain.count {
            switch plain[place] {
            case UInt8(ascii: "\""):
                (comma, isBehindValue) = (nil, true)
                place = CommentedJSON.end(ofString: place, plain)
            case UInt8(ascii: "/") where CommentedJSON.begins(place, plain):
                hasComments = true
                let end = try CommentedJSON.end(ofComment: place, plain)
                for index in place..<end where plain[index] != 10 { plain[index] = 32 }
                place = end
            case UInt8(ascii: ","):
                (comma, isBehindValue) = (isBehindValue ? place : nil, false)
                place += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if let trailing = comma { plain[trailing] = 32 }
                (comma, isBehindValue) = (nil, true)
                place += 1
            case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: ":"):
                (comma, isBehindValue) = (nil, false)
                place += 1
            case 9, 10, 13, 32: place += 1
            default:
                (comma, isBehindValue) = (nil, true)
                place += 1
            }
        }
        self.plain = plain
        self.hasComments = hasComments
    }

    func object() throws -> JSONObject {
        let limits = JSON.Limits(bytes: plain.count, depth: 64)
        guard case .object(let members)? = try JSON.parse(plain, limits: limits).value else {
            throw Fault(.invalidInput, "it is no JSON object")
        }
        return members
    }

    /// Behind the closing quote, or the end of the text.
    private static func end(ofString start: Int, _ text: [UInt8]) -> Int {
        var place = start + 1
        while place < text.count {
            switch text[place] {
            case UInt8(ascii: "\\"): place += 2
            case UInt8(ascii: "\""): return place + 1
            default: place += 1
            }
        }
        return text.count
    }

    private static func begins(_ place: Int, _ text: [UInt8]) -> Bool {
        place + 1 < text.count && (text[place + 1] == UInt8(ascii: "/") || text[place + 1] == UInt8(ascii: "*"))
    }

    private static func end(ofComment start: Int, _ text: [UInt8]) throws -> Int {
        var place = start + 2
        if text[start + 1] == UInt8(ascii: "/") {
            while place < text.count, text[place] != 10 { place += 1 }
            return place
        }
        while place + 1 < text.count {
            if text[place] == UInt8(ascii: "*"), text[place + 1] == UInt8(ascii: "/") { return place + 2 }
            place += 1
        }
        throw Fault(.invalidInput, "a comment is never closed")
    }
}
