import TestSupport
import Testing

@testable import Host
@testable import Runtime

@Suite("runs: what waits for the disk")
@Loop
struct RunsDiskTests {
    @Test(
        "an agent on this machine gets its prompt while the disk writes, any other one when it has; nobody is told before",
        arguments: [true, false])
    func whileTheDiskWrites(isNear: Bool) async throws {
        let house = RunsHarness()
        let (gate, isHeld) = (TestSupport.Gate(), Locked(false))
        house.storing.sync = { database in
            if isHeld.withLock({ $0 }) { gate.wait() }
            try database.sync()
        }
        var hasBegun = false
        house.stage.act = { attempt in
            try await attempt.begins(isNear: isNear)
            hasBegun = true
        }
        try await house.open()
        isHeld.withLock { $0 = true }
        var isAccepted = false
        house.scope.spawn("a client") {
            _ = try await house.runs.accept(house.order())
            isAccepted = true
        }
        if isNear {
            try await house.until("the prompt") { hasBegun }
        } else {
            // The commit is there for readers, and all that it waits for is the disk.
            try await house.until("the commit") {
                try await house.store.read { try $0.first(Query("SELECT 1 FROM runs", Int64.self)) } != nil
            }
            #expect(!hasBegun)
        }
        #expect(!isAccepted)
        isHeld.withLock { $0 = false }
        gate.open()
        try await house.until("the acceptance") { isAccepted && hasBegun }
        await house.close()
    }
}
