import LuaBridge
import TestSupport
import Testing

@testable import Runtime

@Suite("limits of scripts")
@Loop
struct ScriptLimitsTests {
    private static let offenders = """
        local offenders = {}

        function offenders.compute()
          while true do end
        end

        function offenders.caught()
          while true do pcall(function() while true do end end) end
        end

        function offenders.wait()
          host.wait()
        end

        function offenders.stubborn()
          while true do pcall(host.wait) end
        end

        function offenders.result()
          return ("x"):rep(3000)
        end

        function offenders.memory()
          local hoard = {}
          while true do hoard[#hoard + 1] = ("x"):rep(100000) .. #hoard end
        end

        return offenders
        """

    /// A library that misbehaves, called within the limits of a kind.
    private func offend(
        _ name: String, as kind: ScriptLimits.Kind, computing: Duration = .milliseconds(60)
    ) async throws -> Fault? {
        var limits = ScriptLimits()
        limits.memory = 4 << 20
        limits[kind] = ScriptLimits.Call(computing: computing, wall: .milliseconds(250), result: 2000)
        let wait = HostFunction(waiting: "wait", "Waits for long.") { _ in
            try await Loop.sleep(for: .seconds(3600))
            return .nil
        }
        let bed = try ScriptBed([HostModule("", "host", [wait])], limits: limits)
        bed.write("lib/offenders.lua", Self.offenders)
        await bed.scripts.start()
        let state = bed.scripts.live.state
        let found = try await state.call(state.load("return require('offenders').\(name)", script: "test"))
        var fault: Fault?
        do {
            _ = try await bed.scripts.live.call(found[0].function!, of: "lib/offenders.lua", as: kind, name: name)
        } catch {
            fault = Fault(error)
        }
        #expect(bed.scripts.live.callCount == 0)
        #expect(bed.scripts.live.state.liveCalls == 0)
        // The one after it is served.
        _ = try await bed.scripts.live.decide("leave", Facts.run)
        await bed.close()
        return fault
    }

    @Test("computing too long names script, line and limit", arguments: ScriptLimits.Kind.allCases)
    func computing(_ kind: ScriptLimits.Kind) async throws {
        for (name, line) in [("compute", 4), ("caught", 8)] {
            let fault = try await offend(name, as: kind)
            #expect(fault?.kind == .script)
            #expect(
                fault?.message.hasPrefix("lib/offenders.lua:\(line): ran for") == true, "\(String(describing: fault))")
            #expect(fault?.hint?.contains("PERIGEE_LIMIT_\(kind.rawValue.uppercased())") == true)
        }
    }

    @Test("waiting too long ends the call, also for one that catches errors", arguments: ScriptLimits.Kind.allCases)
    func waiting(_ kind: ScriptLimits.Kind) async throws {
        let waited = try await offend("wait", as: kind)
        #expect(
            waited?.message.hasPrefix("lib/offenders.lua:12: sleep took longer") == true,
            "\(String(describing: waited))")
        let stubborn = try await offend("stubborn", as: kind)
        #expect(stubborn?.message.hasPrefix("lib/offenders.lua:16:") == true, "\(String(describing: stubborn))")
    }

    @Test("a result that is too large names the limit", arguments: ScriptLimits.Kind.allCases)
    func result(_ kind: ScriptLimits.Kind) async throws {
        let fault = try await offend("result", as: kind)
        #expect(fault?.message.contains("at most 2000 may be given back") == true, "\(String(describing: fault))")
    }

    @Test("memory beyond the generation's limit ends the call that asked for it")
    func memory() async throws {
        let fault = try await offend("memory", as: .hook, computing: .seconds(60))
        #expect(
            fault?.message.contains("memory") == true, "\(String(describing: fault))")
        #expect(fault?.hint == "see PERIGEE_SCRIPT_MEMORY")
    }
}
