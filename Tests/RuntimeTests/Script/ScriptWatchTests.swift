import Glibc
import LuaBridge
import TestSupport
import Testing

@testable import Runtime

@Suite("scripts follow what happens on the disk")
@Loop
struct ScriptWatchTests {
    private static func leave(_ reason: String) -> String {
        "return { leave = function() return { action = 'detach', reason = '\(reason)' } end }"
    }

    private func reason(_ bed: ScriptBed) async throws -> LuaValue? {
        try await bed.scripts.live.decide("leave", Facts.run)?["reason"]
    }

    private func following(_ body: @Loop (ScriptBed) async throws -> Void) async throws {
        let bed = try ScriptBed()
        bed.write("hooks/leave.lua", Self.leave("first"))
        bed.write("lib/words.lua", "return { word = 'first' }")
        await bed.scripts.start()
        try bed.scripts.follow()
        do {
            try await body(bed)
        } catch {
            await bed.close()
            throw error
        }
        await bed.close()
    }

    @Test("a written, an atomically replaced, a moved and a deleted file")
    func edits() async throws {
        try await following { bed in
            _ = try await bed.nextSwap { bed.write("hooks/leave.lua", Self.leave("written")) }
            #expect(try await reason(bed) == "written")
            _ = try await bed.nextSwap {
                bed.write("hooks/.leave.lua.swp", Self.leave("replaced"))
                rename(bed.path("hooks/.leave.lua.swp"), bed.path("hooks/leave.lua"))
            }
            #expect(try await reason(bed) == "replaced")
            _ = try await bed.nextSwap { rename(bed.path("hooks/leave.lua"), bed.path("hooks/other.lua")) }
            #expect(bed.scripts.live.scripts(of: "leave") == ["hooks/other.lua"])
            _ = try await bed.nextSwap { unlink(bed.path("hooks/other.lua")) }
            #expect(!bed.scripts.live.has("leave"))
        }
    }

    @Test("a module that others require, and a directory that was not there before")
    func modulesAndDirectories() async throws {
        try await following { bed in
            _ = try await bed.nextSwap {
                bed.write(
                    "hooks/leave.lua",
                    "local words = require 'words' "
                        + "return { leave = function() return { action = 'detach', reason = words.word } end }")
            }
            #expect(try await reason(bed) == "first")
            _ = try await bed.nextSwap { bed.write("lib/words.lua", "return { word = 'second' }") }
            #expect(try await reason(bed) == "second")
            _ = try await bed.nextSwap {
                bed.write("jobs/tick.lua", "return { name = 'tick', schedule = 'every 1h', run = function() end }")
            }
            #expect(bed.scripts.live.jobs.map(\.name) == ["tick"])
        }
    }

    @Test("a symbolic link that is turned to another file")
    func links() async throws {
        try await following { bed in
            bed.directory.write(Self.leave("one"), to: "elsewhere/one.lua")
            bed.directory.write(Self.leave("two"), to: "elsewhere/two.lua")
            _ = try await bed.nextSwap {
                unlink(bed.path("hooks/leave.lua"))
                symlink("\(bed.directory.path)/elsewhere/one.lua", bed.path("hooks/leave.lua"))
            }
            #expect(try await reason(bed) == "one")
            _ = try await bed.nextSwap {
                symlink("\(bed.directory.path)/elsewhere/two.lua", bed.path("hooks/leave.new"))
                rename(bed.path("hooks/leave.new"), bed.path("hooks/leave.lua"))
            }
            #expect(try await reason(bed) == "two")
            // Nothing in a watched directory changes now: the slow look finds it.
            _ = try await bed.nextSwap { bed.directory.write(Self.leave("three"), to: "elsewhere/two.lua") }
            #expect(try await reason(bed) == "three")
        }
    }

    @Test("what is wrong serves nobody and is told; a touch changes nothing")
    func failures() async throws {
        try await following { bed in
            let failure = try await bed.nextFailure { bed.write("hooks/leave.lua", "return {") }
            #expect(failure.problems.map(\.script) == ["hooks/leave.lua"])
            #expect(try await reason(bed) == "first")
            let mended = try await bed.nextSwap { bed.write("hooks/leave.lua", Self.leave("mended")) }
            bed.write("hooks/leave.lua", Self.leave("mended"))
            guard case .success(let same) = await bed.scripts.reload("change") else {
                Issue.record("the touch was a failure")
                return
            }
            #expect(same === mended)
        }
    }
}
