import Testing

@testable import Runtime

@Suite("how a provider does")
struct ProviderStandingTests {
    private func at(_ seconds: Double) -> Instant { Instant(nanoseconds: UInt64((1000 + seconds) * 1e9)) }

    private func failure(_ kind: ProviderFailure.Kind, retryAfter: Double? = nil) -> ProviderFailure {
        ProviderFailure(kind, "it broke", provider: "p", retryAfter: retryAfter)
    }

    private func fail(
        _ standing: inout ProviderStanding, _ seconds: Double, _ kind: ProviderFailure.Kind = .overloaded,
        retryAfter: Double? = nil
    ) {
        standing.began(at: at(seconds))
        standing.ended(at: at(seconds), with: failure(kind, retryAfter: retryAfter))
    }

    @Test("three failures in a row open the breaker; then one call finds out, and the pauses grow to their bound")
    func opens() {
        var standing = ProviderStanding()
        fail(&standing, 0)
        fail(&standing, 1)
        #expect(standing.breaker.state(at: at(1)) == .closed && standing.breaker.wait(at: at(1)) == nil)
        fail(&standing, 2)
        #expect(standing.breaker.state(at: at(2)) == .open && standing.breaker.wait(at: at(2)) == .seconds(15))
        #expect(standing.breaker.state(at: at(17)) == .halfOpen && standing.breaker.wait(at: at(17)) == nil)
        standing.began(at: at(18))
        // Whoever comes meanwhile waits for what this one finds.
        #expect(standing.breaker.state(at: at(18)) == .open && standing.breaker.wait(at: at(18)) == .seconds(1))
        standing.ended(at: at(19), with: failure(.broken))
        #expect(standing.breaker.wait(at: at(19)) == .seconds(30))
        var now = 19.0
        for _ in 0..<8 {
            now += 301
            fail(&standing, now)
        }
        #expect(standing.breaker.wait(at: at(now)) == .seconds(300))
        standing.began(at: at(now + 300))
        standing.ended(at: at(now + 301), with: nil)
        #expect(standing.breaker == ProviderBreaker())
    }

    @Test("what is not the provider's fault opens nothing, and an answer between failures makes them count anew")
    func others() {
        for kind in [ProviderFailure.Kind.contextOverflow, .contentFiltered, .refused, .modelMissing, .cancelled] {
            var standing = ProviderStanding()
            for second in 0..<5 { fail(&standing, Double(second), kind) }
            #expect(standing.breaker.state(at: at(5)) == .closed, "\(kind)")
            #expect(failure(kind).concernsProvider == (kind == .modelMissing))
        }
        var standing = ProviderStanding()
        for second in 0..<9 {
            fail(&standing, Double(second))
            if second % 2 == 1 {
                standing.began(at: at(Double(second)))
                standing.ended(at: at(Double(second)), with: nil)
            }
        }
        #expect(standing.breaker.state(at: at(9)) == .closed)
    }

    @Test("a trial that was cancelled leaves it to the next call to find out")
    func cancelledTrial() {
        var standing = ProviderStanding()
        for second in 0..<3 { fail(&standing, Double(second)) }
        standing.began(at: at(20))
        standing.ended(at: at(21), with: failure(.cancelled))
        #expect(standing.breaker.state(at: at(21)) == .halfOpen)
    }

    @Test("a provider that says how long to wait is left alone so long, from the first time")
    func told() {
        var standing = ProviderStanding()
        fail(&standing, 0, .rateLimited, retryAfter: 42)
        #expect(standing.breaker.wait(at: at(0)) == .seconds(42))
        #expect(standing.breaker.state(at: at(42)) == .halfOpen)
        var silent = ProviderStanding()
        fail(&silent, 0, .rateLimited)
        #expect(silent.breaker.state(at: at(0)) == .closed)
    }

    @Test("a quota counts in a window that the first call begins")
    func quota() throws {
        var standing = ProviderStanding(quota: ProviderQuota(limit: 2, window: .seconds(60)))
        #expect(standing.quota?.used(at: at(0)) == 0 && standing.quota?.resetsIn(at: at(0)) == .zero)
        standing.began(at: at(10))
        standing.began(at: at(30))
        let quota = try #require(standing.quota)
        #expect(quota.used(at: at(30)) == 2 && quota.resetsIn(at: at(30)) == .seconds(40))
        #expect(quota.used(at: at(70)) == 0 && quota.resetsIn(at: at(70)) == .zero)
        standing.began(at: at(100))
        #expect(standing.quota?.used(at: at(100)) == 1 && standing.quota?.resetsIn(at: at(100)) == .seconds(60))
    }

    @Test("calls under way are counted, and the time to the first token follows the newest ones")
    func figures() {
        var standing = ProviderStanding()
        #expect(standing.latency == nil)
        standing.began(at: at(0))
        standing.began(at: at(0))
        standing.answered(after: .seconds(1))
        #expect(standing.inFlight == 2 && standing.latency == 1)
        standing.answered(after: .seconds(2))
        #expect(abs((standing.latency ?? 0) - 1.3) < 0.001)
        standing.ended(at: at(3), with: nil)
        standing.ended(at: at(3), with: failure(.timeout))
        #expect(standing.inFlight == 0)
    }
}
