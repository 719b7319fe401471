import Testing

@testable import Runtime

@Suite("WebSocket and hostile input")
@Loop
struct HostileInputTests {
    @Test("no bytes whatever crash either side, or make it send more than it was sent", arguments: 0..<8)
    func noise(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<400 {
            let role: WebSocket.Role = Bool.random(using: &random) ? .server : .client
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 1...6, using: &random) { bytes += frame(role, &random) }
            for _ in 0..<Int.random(in: 0...2, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= 1 << UInt8.random(in: 0...7, using: &random)
            }
            let transport = MemoryTransport()
            let socket = WebSocket(over: transport, as: role)
            let step = Int.random(in: 1...bytes.count, using: &random)
            for start in stride(from: 0, to: bytes.count, by: step) {
                transport.feed(Array(bytes[start..<min(start + step, bytes.count)]))
            }
            #expect(transport.unsentBytes <= bytes.count * 3 + 256)
            transport.breakOff()
            #expect(socket.closeCode != nil)
        }
    }

    private func frame(_ role: WebSocket.Role, _ random: inout SeededGenerator) -> [UInt8] {
        let opcodes: [UInt8] = [0, 1, 2, 8, 9, 10, .random(in: 0...15, using: &random)]
        let frame = Frame(
            opcode: opcodes.randomElement(using: &random)!,
            payload: (0..<[0, 1, 2, 5, 125, 126, 300].randomElement(using: &random)!).map { _ in
                .random(in: 0...255, using: &random)
            },
            isFinal: Bool.random(using: &random),
            reserved: UInt8.random(in: 0...31, using: &random) == 0 ? 1 : 0)
        return frame.bytes(mask: role == .server ? [1, 2, 3, 4] : nil)
    }
}
