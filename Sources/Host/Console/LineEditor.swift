/// A line being typed: keys go in, what is to be done comes out. It knows no terminal.
struct LineEditor: Equatable {
    enum Action: Equatable {
        case nothing
        /// The line looks different now.
        case redraw
        case submit(String)
        /// Ctrl-C: the line is dropped.
        case interrupt
        /// Ctrl-D on an empty line.
        case endOfInput
        /// Ctrl-L: the line moves to the top of an empty screen.
        case clearScreen
        /// Tab: what stands before the cursor wants to be completed.
        case complete(String)
        /// Ctrl-Z.
        case suspend
    }

    private(set) var buffer: [Character] = []
    private(set) var cursor = 0
    /// What Ctrl-R looks for, while it does.
    private(set) var search: Search?
    private var history: LineHistory
    /// What Ctrl-Y puts back.
    private var killed: [Character] = []

    struct Search: Equatable {
        var query = ""
        var match: Int?
    }

    init(history: LineHistory = LineHistory()) { self.history = history }

    var text: String { String(buffer) }
    /// Newest last.
    var entries: [String] { history.entries }

    mutating func press(_ key: Key) -> Action {
        if search != nil, let action = pressInSearch(key) { return action }
        switch key {
        case .text(let character): return insert([character])
        case .paste(let text): return insert(Array(text))
        case .enter: return submit()
        case .tab: return .complete(String(buffer[..<cursor]))
        case .up: return recall(history.older(than: text))
        case .down: return recall(history.newer())
        case .control(let letter): return press(control: letter)
        case .escape, .unknown: return .nothing
        default: return edit(key)
        }
    }

    /// Puts text in at the cursor, as completion does.
    mutating func insert(_ text: String) { _ = insert(Array(text)) }

    /// Begins a new line; `entry`, if any, is what can be recalled from now on.
    mutating func reset(remembering entry: String? = nil) {
        if let entry { history.add(entry) }
        history.leave()
        buffer = []
        cursor = 0
        search = nil
    }

    // MARK: editing

    private mutating func edit(_ key: Key) -> Action {
        switch key {
        case .left: return move(to: cursor - 1)
        case .right: return move(to: cursor + 1)
        case .home: return move(to: 0)
        case .end: return move(to: buffer.count)
        case .wordLeft: return move(to: wordStart)
        case .wordRight: return move(to: wordEnd)
        case .backspace: return remove(max(0, cursor - 1)..<cursor)
        case .delete: return remove(cursor..<min(cursor + 1, buffer.count))
        case .deleteWord: return kill(cursor..<wordEnd)
        default: return .nothing
        }
    }

    private mutating func press(control letter: Character) -> Action {
        switch letter {
        case "a": return edit(.home)
        case "b": return edit(.left)
        case "c": return .interrupt
        case "d": return buffer.isEmpty ? .endOfInput : edit(.delete)
        case "e": return edit(.end)
        case "f": return edit(.right)
        case "k": return kill(cursor..<buffer.count)
        case "l": return .clearScreen
        case "n": return press(.down)
        case "p": return press(.up)
        case "r":
            search = Search()
            return .redraw
        case "u": return kill(0..<cursor)
        case "w": return kill(blankStart..<cursor)
        case "y": return insert(killed)
        case "z": return .suspend
        default: return .nothing
        }
    }

    private mutating func insert(_ characters: [Character]) -> Action {
        // Characters that join, such as a letter and its accent, become one.
        let rest = buffer.count - cursor
        buffer = Array(String(buffer[..<cursor] + characters) + String(buffer[cursor...]))
        cursor = max(0, buffer.count - rest)
        return characters.isEmpty ? .nothing : .redraw
    }

    private mutating func submit() -> Action {
        let text = text
        search = nil
        cursor = buffer.count
        return .submit(text)
    }

    private mutating func recall(_ text: String?) -> Action {
        guard let text else { return .nothing }
        buffer = Array(text)
        cursor = buffer.count
        return .redraw
    }

    private mutating func move(to place: Int) -> Action {
        guard 0...buffer.count ~= place, place != cursor else { return .nothing }
        cursor = place
        return .redraw
    }

    private mutating func remove(_ range: Range<Int>) -> Action {
        guard !range.isEmpty else { return .nothing }
        buffer.removeSubrange(range)
        cursor = range.lowerBound
        return .redraw
    }

    private mutating func kill(_ range: Range<Int>) -> Action {
        if !range.isEmpty { killed = Array(buffer[range]) }
        return remove(range)
    }

    // MARK: words

    private var wordStart: Int {
        var place = cursor
        while place > 0, !buffer[place - 1].isWordPart { place -= 1 }
        while place > 0, buffer[place - 1].isWordPart { place -= 1 }
        return place
    }

    private var wordEnd: Int {
        var place = cursor
        while place < buffer.count, !buffer[place].isWordPart { place += 1 }
        while place < buffer.count, buffer[place].isWordPart { place += 1 }
        return place
    }

    /// Ctrl-W goes by blanks, as in shells.
    private var blankStart: Int {
        var place = cursor
        while place > 0, buffer[place - 1].isWhitespace { place -= 1 }
        while place > 0, !buffer[place - 1].isWhitespace { place -= 1 }
        return place
    }

    // MARK: looking for earlier lines

    /// Nil when the search is over and the key means what it always does.
    private mutating func pressInSearch(_ key: Key) -> Action? {
        guard var current = search else { return nil }
        switch key {
        case .text(let character): current.query.append(character)
        case .backspace: current.query = String(current.query.dropLast())
        case .control("r"):
            let older = history.index(of: current.query, before: current.match)
            if older == nil { return .nothing }
            current.match = older
            return show(current)
        case .control("c"), .control("g"), .escape:
            search = nil
            return .redraw
        default:
            search = nil
            return nil
        }
        current.match = history.index(of: current.query, before: nil)
        return show(current)
    }

    private mutating func show(_ found: Search) -> Action {
        search = found
        if let match = found.match { _ = recall(history.entries[match]) }
        return .redraw
    }
}

extension Character {
    fileprivate var isWordPart: Bool { isLetter || isNumber || self == "_" }
}
