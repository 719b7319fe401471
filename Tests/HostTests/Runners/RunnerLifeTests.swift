import TestSupport
import Testing

@testable import Host

@Suite("the life of a runner, as values")
struct RunnerLifeTests {
    typealias Event = RunnerLife.Event
    typealias Action = RunnerLife.Action

    /// Each event with the actions and the state that are to come of it.
    private func play(_ script: [(Event, [Action], RunnerLife.State)]) {
        var life = RunnerLife()
        for (index, (event, actions, state)) in script.enumerated() {
            let got = life.take(event)
            #expect(got == actions, "step \(index), \(event)")
            #expect(life.state == state, "step \(index), \(event)")
        }
    }

    @Test("wanted, started, used, left, idle, stopped")
    func whole() {
        play([
            (.wanted, [.start(1)], .starting),
            (.wanted, [], .starting),
            (.answered(1), [.armIdle, .welcome], .ready),
            (.leaseOut, [.disarmIdle], .ready),
            (.wanted, [.welcome], .ready),
            (.leaseOut, [.disarmIdle], .ready),
            (.leaseIn(1), [], .ready),
            (.leaseIn(1), [.armIdle], .ready),
            (.idle, [.disarmIdle, .stop(1)], .stopping),
            (.stopped(1), [.forget], .absent),
        ])
    }

    @Test("one that does not start is refused to all who wait, and tried again for the next")
    func failedStart() {
        play([
            (.wanted, [.start(1)], .starting),
            (.wanted, [], .starting),
            (.startFailed(1), [.refuse], .failed),
            (.idle, [], .failed),
            (.wanted, [.start(2)], .starting),
            (.startFailed(1), [], .starting),
            (.answered(1), [], .starting),
            (.answered(2), [.armIdle, .welcome], .ready),
        ])
    }

    @Test("a change waits until nobody is on it; who comes meanwhile waits, but not for ever")
    func draining() {
        play([
            (.wanted, [.start(1)], .starting), (.answered(1), [.armIdle, .welcome], .ready),
            (.leaseOut, [.disarmIdle], .ready),
            (.changed, [.armPatience], .draining),
            (.changed, [], .draining),
            (.wanted, [], .draining),
            (.leaseIn(1), [.disarmIdle, .stop(1)], .stopping),
            (.stopped(1), [.start(2)], .starting),
            (.answered(2), [.armIdle, .welcome], .ready),
            (.leaseOut, [.disarmIdle], .ready),
            (.changed, [.armPatience], .draining),
            (.wanted, [], .draining),
            (.impatient, [.welcome], .draining),
            (.leaseOut, [.disarmIdle], .draining),
            (.wanted, [.welcome], .draining),
            (.leaseIn(2), [], .draining),
            (.leaseIn(2), [.disarmIdle, .stop(2)], .stopping),
            (.stopped(2), [.forget], .absent),
        ])
    }

    @Test("a change while it starts: who waited takes it as it is, and the next one gets another")
    func changedWhileStarting() {
        play([
            (.wanted, [.start(1)], .starting),
            (.changed, [], .starting),
            (.answered(1), [.armIdle, .welcome], .ready),
            (.leaseOut, [.disarmIdle], .ready),
            (.leaseIn(1), [.disarmIdle, .stop(1)], .stopping),
            (.wanted, [], .stopping),
            (.stopped(1), [.start(2)], .starting),
        ])
        play([
            (.found, [.adopt(1)], .starting),
            (.changed, [], .starting),
            (.answered(1), [.armIdle, .welcome], .ready),
            (.wanted, [.disarmIdle, .stop(1)], .stopping),
            (.stopped(1), [.start(2)], .starting),
        ])
    }

    @Test("an end under a turn leaves nothing, and what its turn gives back later concerns nobody")
    func ended() {
        play([
            (.wanted, [.start(1)], .starting), (.answered(1), [.armIdle, .welcome], .ready),
            (.leaseOut, [.disarmIdle], .ready),
            (.ended(1), [.disarmIdle, .forget], .absent),
            (.wanted, [.start(2)], .starting), (.answered(2), [.armIdle, .welcome], .ready),
            (.leaseOut, [.disarmIdle], .ready),
            (.leaseIn(1), [], .ready),
            (.ended(1), [], .ready),
            (.idle, [], .ready),
        ])
    }

    @Test("who needs its place gets it only when nobody is on it")
    func room() {
        play([
            (.wanted, [.start(1)], .starting), (.capReached, [], .starting),
            (.answered(1), [.armIdle, .welcome], .ready),
            (.leaseOut, [.disarmIdle], .ready), (.capReached, [], .ready),
            (.leaseIn(1), [.armIdle], .ready), (.capReached, [.disarmIdle, .stop(1)], .stopping),
        ])
    }

    @Test("stop asked for: a start is abandoned, turns are not waited for, and it comes back for who wants it after")
    func stopAsked() {
        play([
            (.wanted, [.start(1)], .starting),
            (.stopAsked, [.abandon(1), .refuse], .stopping),
            (.wanted, [], .stopping),
            (.startFailed(1), [.start(2)], .starting),
            (.answered(2), [.armIdle, .welcome], .ready),
            (.leaseOut, [.disarmIdle], .ready),
            (.stopAsked, [.disarmIdle, .stop(2), .refuse], .stopping),
            (.stopFailed(2), [.refuse], .failed),
            (.stopAsked, [.disarmIdle, .stop(2)], .stopping),
            (.stopped(2), [.forget], .absent),
        ])
    }

    @Test("restart asked for: down and up again, once")
    func restartAsked() {
        play([
            (.restartAsked, [.start(1)], .starting), (.answered(1), [.armIdle, .welcome], .ready),
            (.leaseOut, [.disarmIdle], .ready),
            (.restartAsked, [.disarmIdle, .stop(1)], .stopping),
            (.restartAsked, [], .stopping),
            (.leaseIn(1), [], .stopping),
            (.stopped(1), [.start(2)], .starting),
        ])
    }

    @Test("what was found and is of no use is started for who waits, else forgotten")
    func found() {
        play([(.found, [.adopt(1)], .starting), (.lost(1), [.forget], .absent)])
        play([
            (.found, [.adopt(1)], .starting), (.wanted, [], .starting), (.lost(1), [.start(2)], .starting),
        ])
    }

    @Test("whatever comes in whatever order: one at a time, none taken from under a turn unasked, nobody forgotten")
    func anything() {
        var random = SeededGenerator(seed: 20261121)
        for _ in 0..<400 {
            var check = LifeCheck()
            for _ in 0..<200 { check.step(&random) }
        }
    }
}

/// Plays the world around a life: starts and stops that end somehow, turns that come and go.
private struct LifeCheck {
    var life = RunnerLife()
    /// Starts and stops under way, by number.
    var starting: Set<Int> = []
    var stopping: Set<Int> = []
    var up: Set<Int> = []
    var waiting = 0
    var leases: [Int] = []

    mutating func step(_ random: inout SeededGenerator) {
        switch Int.random(in: 0..<14, using: &random) {
        case 0...3:
            waiting += 1
            give(.wanted)
        case 4:
            if let number = starting.randomElement(using: &random) {
                starting.remove(number)
                up.insert(number)
                give(.answered(number))
            }
        case 5:
            if let number = starting.randomElement(using: &random) {
                starting.remove(number)
                give(.startFailed(number))
            }
        case 6, 7:
            if let place = leases.indices.randomElement(using: &random) { give(.leaseIn(leases.remove(at: place))) }
        case 8:
            if let number = up.randomElement(using: &random), !stopping.contains(number) {
                up.remove(number)
                give(.ended(number))
            }
        case 9:
            if let number = stopping.randomElement(using: &random) {
                stopping.remove(number)
                up.remove(number)
                give(.stopped(number))
            }
        case 10: give(.changed)
        case 11: give([.idle, .capReached, .impatient].randomElement(using: &random)!)
        case 12: give(.restartAsked)
        default: give(.stopAsked)
        }
    }

    private mutating func give(_ event: RunnerLife.Event) {
        let mine = leases.filter { $0 == life.number }.count
        let actions = life.take(event)
        for action in actions {
            switch action {
            case .start(let number), .adopt(let number):
                #expect(starting.isEmpty && stopping.isEmpty && up.isEmpty, "two at once after \(event)")
                starting.insert(number)
            case .stop(let number):
                #expect(up.contains(number) && stopping.isEmpty, "stops what is not up after \(event)")
                let isAsked = event == .stopAsked || event == .restartAsked
                #expect(isAsked || mine == 0 || event == .leaseIn(number) && mine <= 1, "\(mine) on it, and \(event)")
                stopping.insert(number)
            case .abandon(let number): #expect(starting.contains(number))
            case .welcome:
                let guests = waiting
                waiting = 0
                for _ in 0..<guests {
                    #expect(up.contains(life.number))
                    leases.append(life.number)
                    _ = life.take(.leaseOut)
                }
            case .refuse: waiting = 0
            case .forget, .armIdle, .disarmIdle, .armPatience: break
            }
        }
        // Whoever waits has something to wait for.
        if waiting > 0 {
            #expect(life.state == .starting || life.isWanted, "\(waiting) wait for nothing after \(event)")
        }
        #expect(life.leases >= 0)
    }
}
