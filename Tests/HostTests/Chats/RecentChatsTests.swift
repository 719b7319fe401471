import Testing

@testable import Host

@Suite("chats that were used last")
struct RecentChatsTests {
    private static let key = RecentChats.Key(user: "ann", chat: "c")

    private func node(_ number: Int64, _ run: String, _ session: String? = nil) -> ChatNode {
        let message = session.map { "m\($0)" }
        return ChatNode(number: number, run: run, voice: "v", path: run, session: session, engineMessage: message)
    }

    @Test("a chat is known once it was read, and what comes after that is in it")
    func goesOn() {
        var recent = RecentChats()
        recent.put(node(0, "r1"), in: RecentChatsTests.key)
        #expect(recent.nodes(of: RecentChatsTests.key) == nil)
        let found = recent.read([], of: RecentChatsTests.key, after: recent.corrections)
        #expect(found == [node(1, "r1")])
        recent.put(node(0, "r1", "S"), in: RecentChatsTests.key)
        recent.put(node(0, "r2"), in: RecentChatsTests.key)
        recent.put(node(0, "x"), in: RecentChats.Key(user: "ben", chat: "c"))
        #expect(recent.nodes(of: RecentChatsTests.key) == [node(1, "r1", "S"), node(2, "r2")])
        #expect(recent.turn("r2")?.path == "r2")
    }

    @Test("what the store does not have yet is added to what it has, each turn once")
    func onTheWay() {
        var recent = RecentChats()
        recent.put(node(0, "r8", "S"), in: RecentChatsTests.key)
        recent.put(node(0, "r9"), in: RecentChatsTests.key)
        let stored = [node(5, "r7", "S"), node(8, "r8")]
        let found = recent.read(stored, of: RecentChatsTests.key, after: recent.corrections)
        #expect(found == [node(5, "r7", "S"), node(8, "r8", "S"), node(9, "r9")])
    }

    @Test("a turn that reached a session is not parted from it by an older word")
    func staysThere() {
        var recent = RecentChats()
        _ = recent.read([node(1, "r1", "S")], of: RecentChatsTests.key, after: recent.corrections)
        recent.put(node(0, "r1"), in: RecentChatsTests.key)
        #expect(recent.nodes(of: RecentChatsTests.key) == [node(1, "r1", "S")])
        // A session that was made anew takes the place of the lost one.
        recent.put(node(0, "r1", "T"), in: RecentChatsTests.key)
        #expect(recent.nodes(of: RecentChatsTests.key) == [node(1, "r1", "T")])
    }

    @Test("what the store knows better is asked for, also when it was being read meanwhile")
    func corrected() {
        var recent = RecentChats()
        _ = recent.read([node(1, "r1", "S")], of: RecentChatsTests.key, after: recent.corrections)
        let before = recent.corrections
        recent.drop("r1")
        #expect(recent.nodes(of: RecentChatsTests.key) == nil && recent.turn("r1") == nil)
        _ = recent.read([node(1, "r1", "S")], of: RecentChatsTests.key, after: before)
        #expect(recent.nodes(of: RecentChatsTests.key) == nil)
        recent.put(node(0, "r2"), in: RecentChatsTests.key)
        recent.forget { $0.user == "ann" }
        let found = recent.read([], of: RecentChatsTests.key, after: recent.corrections)
        #expect(found == [])
    }

    @Test("only so many are kept, the oldest go first, and a chat with very many turns is always read")
    func bounds() {
        var recent = Recent<Int, String>(most: 3)
        func kept() -> [Int] { (0...9).filter { recent[$0] != nil } }
        for number in 1...5 { recent[number] = "\(number)" }
        #expect(kept() == [3, 4, 5])
        recent[4] = nil
        recent[3] = "again"
        recent[6] = "6"
        // It pushes out the oldest, and tells which; one that is set again keeps its place.
        let gone = recent.set("4", for: 4)
        #expect(gone?.0 == 3 && gone?.1 == "again" && kept() == [4, 5, 6])
        for number in 0..<1000 { recent[number % 7] = "x" }
        #expect(kept().count == 3)

        // Of the turns of all chats, too; what was pushed out is not found by its chat any more.
        var turns = RecentChats()
        for number in 1...2000 { turns.put(node(0, "r\(number)"), in: RecentChatsTests.key) }
        let unread = turns.read([], of: RecentChatsTests.key, after: turns.corrections)
        #expect(unread.count == 1024 && unread.first?.run == "r977" && unread.last?.run == "r2000")

        var chats = RecentChats()
        let many = (1...300).map { node($0, "r\($0)") }
        let found = chats.read(many, of: RecentChatsTests.key, after: chats.corrections)
        #expect(found.count == 300)
        #expect(chats.nodes(of: RecentChatsTests.key) == nil)
    }
}
