import Runtime
import Testing

@Suite("loop")
@Loop
struct LoopTests {
    @Test("a mailbox hands over in order and ends with its sender's error")
    func mailbox() async throws {
        let box = Mailbox<Int>("numbers", limit: 2)
        #expect(box.send(1))
        #expect(!box.send(2))
        box.finish(.failure(Fault(.unavailable, "gone")))
        #expect(try await box.next() == 1)
        #expect(try await box.next() == 2)
        await #expect(throws: Fault(.unavailable, "gone")) { try await box.next() }
    }
}
