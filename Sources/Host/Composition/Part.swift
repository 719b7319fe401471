import Runtime

/// One part of the running program. The list of parts is the order of start, and backwards the order of stop.
@Loop
struct Part {
    let name: String
    let start: @Loop () async throws -> Void
    let stop: @Loop () async -> Void
}

/// Starts parts in order and stops those that have started in the opposite order, whatever fails on the way.
@Loop
final class PartList {
    private let parts: [Part]
    private var running: [Part] = []

    init(_ parts: [Part]) { self.parts = parts }

    /// The names of the parts that run now, in the order of their start.
    var runningNames: [String] { running.map(\.name) }

    /// A part that fails stops those before it; its fault says which one it was.
    func start() async throws {
        for part in parts {
            do {
                try await part.start()
                running.append(part)
            } catch {
                await stop()
                throw error
            }
        }
    }

    func stop() async {
        while let part = running.popLast() { await part.stop() }
    }
}
