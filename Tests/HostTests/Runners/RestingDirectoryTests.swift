import FakeOpencode
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("directories in which nobody works any more")
@Loop
struct RestingDirectoryTests {
    private static func runners(_ bed: EngineBed) -> FreshRunners {
        FreshRunners(
            bed.pool, idle: .milliseconds(50), log: Log(to: -1, format: .json, level: .error), scope: bed.scope)
    }

    /// What an agent holds in memory for it is there from the first session on.
    @discardableResult
    private static func session(_ bed: EngineBed, in directory: String) async throws -> String {
        try await bed.server.create(OpencodeNewSession(title: "x"), in: directory).id
    }

    @Test("the agent ends what it keeps open for one after its time, not for one that somebody is in")
    func rests() async throws {
        try await EngineBed.with { bed in
            let runners = Self.runners(bed)
            let (left, held) = ("\(bed.directory.path)/left", "\(bed.directory.path)/held")
            let first = try await runners.lease(workspace: "ann", directory: left)
            let second = try await runners.lease(workspace: "ann", directory: held)
            for directory in [left, held] { try await Self.session(bed, in: directory) }
            first.release()
            try await bed.fake.until("the rest") { !bed.fake.directories.contains(left) }
            #expect(bed.fake.directories.contains(held))

            let again = try await runners.lease(workspace: "ann", directory: left)
            try await Self.session(bed, in: left)
            second.release()
            try await bed.fake.until("the rest") { !bed.fake.directories.contains(held) }
            #expect(bed.fake.directories.contains(left), "somebody is back in it")
            again.release()
            try await bed.fake.until("the rest") { !bed.fake.directories.contains(left) }
            #expect(runners.resting.isEmpty && !runners.restTimer.isScheduled)
        }
    }

    @Test("nothing rests while a client of the agent's own looks on")
    func guests() async throws {
        try await EngineBed.with { bed in
            let runners = Self.runners(bed)
            let directory = "\(bed.directory.path)/work"
            let place = FreshRunners.Place(runner: SharedRunners.runner, directory: directory)
            let guest = try await runners.visit(workspace: "ann", directory: bed.directory.path)
            let turn = try await runners.lease(workspace: "ann", directory: directory)
            try await Self.session(bed, in: directory)
            turn.release()
            let since = try #require(runners.resting[place])
            while runners.resting[place].map({ $0 == since }) ?? true { await Loop.yield() }
            #expect(bed.fake.directories.contains(directory))
            guest.release()
            try await bed.fake.until("the rest") { !bed.fake.directories.contains(directory) }
            #expect(runners.guests.isEmpty)
        }
    }

    @Test("a turn that somebody else has there is not disturbed")
    func strangers() async throws {
        try await EngineBed.with { bed in
            let runners = Self.runners(bed)
            let (busy, other) = ("\(bed.directory.path)/busy", "\(bed.directory.path)/other")
            for directory in [busy, other] {
                let lease = try await runners.lease(workspace: "ann", directory: directory)
                let session = try await Self.session(bed, in: directory)
                if directory == busy {
                    try await bed.server.prompt(OpencodePrompt(parts: [.text("hang")]), to: session, in: busy)
                    try await bed.fake.until("the turn") { bed.fake.busySessions == [session] }
                }
                lease.release()
            }
            try await bed.fake.until("the rest") { !bed.fake.directories.contains(other) }
            #expect(bed.fake.directories.contains(busy) && bed.fake.busySessions.count == 1)
            try await bed.server.abort(bed.fake.busySessions[0], in: busy)
            try await bed.fake.until("the rest") { !bed.fake.directories.contains(busy) }
        }
    }
}
