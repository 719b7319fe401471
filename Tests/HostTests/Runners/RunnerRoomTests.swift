import Testing

@testable import Host

@Suite("room for runners")
struct RunnerRoomTests {
    private typealias Holder = RunnerRoom.Holder
    private let room = RunnerRoom(most: 3, mostOfOne: 2)

    private func holder(
        _ name: String, of workspace: String, idle: Bool = false, leaving: Bool = false, used: Int64 = 0
    ) -> Holder {
        Holder(name: name, workspace: workspace, isIdle: idle, isLeaving: leaving, lastUsed: used)
    }

    @Test("as long as there is room, everybody enters")
    func free() {
        #expect(room.verdict(for: "a", among: []) == .enter)
        #expect(room.verdict(for: "a", among: [holder("1", of: "a"), holder("2", of: "b")]) == .enter)
    }

    @Test("the one that was idle longest makes room; those at work never do")
    func idle() {
        let all = [
            holder("1", of: "a", idle: true, used: 20), holder("2", of: "b", idle: true, used: 10),
            holder("3", of: "c"),
        ]
        #expect(room.verdict(for: "d", among: all) == .afterStopping("2"))
        let busy = [holder("1", of: "a"), holder("2", of: "b"), holder("3", of: "c")]
        #expect(room.verdict(for: "d", among: busy) == .wait(isFull: true))
    }

    @Test("a user at their own bound loses one of their own, whoever else is idle")
    func own() {
        let all = [holder("1", of: "a", idle: true, used: 9), holder("2", of: "a", idle: true, used: 5)]
        #expect(room.verdict(for: "a", among: all) == .afterStopping("2"))
        let busy = [holder("1", of: "a"), holder("2", of: "a"), holder("3", of: "b", idle: true)]
        #expect(room.verdict(for: "a", among: busy) == .wait(isFull: false))
    }

    @Test("one that leaves already is waited for by one; whoever comes behind needs another")
    func leaving() {
        let all = [
            holder("1", of: "a", leaving: true), holder("2", of: "b", idle: true), holder("3", of: "c", idle: true),
        ]
        #expect(room.verdict(for: "d", among: all) == .afterLeaving)
        #expect(room.verdict(for: "e", among: all, awaited: ["d"]) == .afterStopping("2"))
        let rest = [all[0], holder("2", of: "b"), holder("3", of: "c")]
        #expect(room.verdict(for: "e", among: rest, awaited: ["d"]) == .wait(isFull: true))
        // At their own bound, only those count who wait for one of the same user.
        let own = [holder("1", of: "a", leaving: true), holder("2", of: "a", idle: true), holder("3", of: "b")]
        #expect(room.verdict(for: "a", among: own, awaited: ["d"]) == .afterLeaving)
        #expect(room.verdict(for: "a", among: own, awaited: ["a"]) == .afterStopping("2"))
    }
}
