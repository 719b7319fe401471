import Runtime

/// Which part of a list is asked for: `?limit=` and `?after=`, which is the `next` of the answer before.
struct Paging {
    static let most = 1000

    let limit: Int
    let after: String

    init(_ query: QueryFields, usual: Int = 100) throws {
        after = query["after"] ?? ""
        guard !after.utf8.contains(0), after.utf8.count <= 1024 else {
            throw Fault(.invalidInput, "`after` is no place in a list", hint: "take the `next` of the answer before")
        }
        guard let text = query["limit"] else {
            limit = usual
            return
        }
        guard let number = Int(text), 1...Paging.most ~= number else {
            throw Fault(.invalidInput, "\"\(text.prefix(40))\" is no limit", hint: "from 1 to \(Paging.most)")
        }
        limit = number
    }

    /// Where lists are counted.
    var number: Int {
        get throws {
            if after.isEmpty { return 0 }
            guard let number = Int(after), 0...1_000_000_000 ~= number else {
                throw Fault(
                    .invalidInput, "\"\(after.prefix(40))\" is no place in this list",
                    hint: "take the `next` of the answer before")
            }
            return number
        }
    }

    /// Those of the page, from one more than its limit, and where the next one begins.
    func cut<Item>(_ found: [Item], _ place: (Item) -> String) -> (items: ArraySlice<Item>, next: String?) {
        let items = found.prefix(limit)
        return (items, found.count > limit ? items.last.map(place) : nil)
    }
}

extension JSONWriter {
    /// Every list ends with it: what `?after=` shall be for more, or null.
    mutating func putNext(_ next: String?) {
        if let next { member("next", next) } else { member(null: "next") }
    }
}

extension QueryFields {
    /// `1`, `true` and the bare name are yes; a word that is neither is a mistake.
    func flag(_ name: String) throws -> Bool {
        switch self[name] {
        case nil, "0", "false": return false
        case "", "1", "true": return true
        case let word?:
            throw Fault(.invalidInput, "?\(name)= is \"\(word.prefix(40))\"", hint: "write true or false")
        }
    }
}
