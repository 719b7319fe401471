import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

/// A server whose scripts somebody edits badly while requests come in.
///
/// `PERIGEE_HOSTILE_EDITS` sets how many edits; the seed is printed with a failure, so that it can be repeated.
@Suite("hostile edits under load")
@Loop
struct HostileEditsTests {
    private static let edits = Int(TestEnvironment.value(of: "PERIGEE_HOSTILE_EDITS") ?? "") ?? 120
    private static let modules = ["one", "two", "three", "four"]

    /// Answers with the versions of all files of its generation.
    private static func hook(_ version: String) -> String {
        let reads = modules.map { "    \($0) = require(\"\($0)\").version," }.joined(separator: "\n")
        return """
            local versions = {
            \(reads)
              own = "\(version)",
            }
            return {
              routes = {
                ["GET /versions"] = function(request)
                  return { json = versions }
                end,
              },
            }
            """
    }

    private static func module(_ version: String) -> String { "return { version = \"\(version)\" }" }

    private func request(_ method: Runtime.Method, _ path: String, _ program: RunningProgram) throws -> HTTPRequest {
        var request = HTTPRequest(method, try WebAddress("http://127.0.0.1:\(program.port)\(path)"))
        request.guarding = .open
        return request
    }

    @Test("no request fails, and no generation is half of one and half of another")
    func survives() async throws {
        let state = TemporaryDirectory()
        let home = TemporaryDirectory()
        for name in Self.modules { home.write(Self.module("shipped"), to: "scripts/lib/\(name).lua") }
        home.write(Self.hook("shipped"), to: "scripts/hooks/versions.lua")
        let program = try await RunningProgram.start(
            state: state.path,
            settings: ["PERIGEE_HOME=\(home.path)", "PERIGEE_LIMIT_LOAD=compute=20ms"])
        let client = HTTPClient()
        let seed = UInt64.random(in: 0 ... .max)
        var vandal = Vandal(root: "\(state.path)/scripts", generator: SeededGenerator(seed: seed))
        vandal.prepare()

        var seen: [String: [String: String]] = [:]
        var builds = 0
        let scope = Scope("test") { task, error in Issue.record("\(task): \(error)") }
        func ask() async throws {
            let answer = try await client.send(request(.get, "/x/versions", program))
            let body = try await answer.body.collect()
            try #require(answer.status == 200, "seed \(seed): \(String(decoding: body, as: UTF8.self))")
            let generation = try #require(answer.headers["x-perigee-generation"])
            let versions = try JSON.decode([String: String].self, from: body)
            if let known = seen[generation] {
                try #require(known == versions, "seed \(seed): generation \(generation) is two")
            }
            seen[generation] = versions
        }

        for edit in 1...Self.edits {
            // Else what is broken once would keep every later edit from going live.
            if edit % 2 == 0 {
                vandal.mend(hook: Self.hook("v\(edit)"), module: Self.module("v\(edit)"), modules: Self.modules)
            }
            vandal.edit(edit, hook: Self.hook, module: Self.module, modules: Self.modules)
            // Requests go on while the scripts are built, and the watch builds them once more of itself.
            var isBuilt = false
            scope.spawn("reload") {
                let answer = try await client.send(request(.post, "/mgmt/scripts/reload", program))
                _ = try await answer.body.collect()
                builds += 1
                isBuilt = true
            }
            repeat { try await ask() } while !isBuilt
        }
        vandal.mend(hook: Self.hook("last"), module: Self.module("last"), modules: Self.modules)
        let reload = try await client.send(request(.post, "/mgmt/scripts/reload", program))
        let told = String(decoding: try await reload.body.collect(), as: UTF8.self)
        #expect(reload.status == 200, "seed \(seed): \(told)")
        try await ask()
        let last = seen.values.filter { $0["own"] == "last" }
        #expect(last.contains { $0.values.allSatisfy { $0 == "last" } }, "seed \(seed)")
        #expect(builds == Self.edits)
        #expect(seen.count > Self.edits / 8, "hardly anything was ever live")
        await scope.close()
        await client.close()
        try await program.end()
    }
}

/// Does to a directory of scripts what editors, mishaps and ill will do.
private struct Vandal {
    let root: String
    var generator: SeededGenerator

    func prepare() {
        for name in ["", "/lib", "/hooks", "/elsewhere"] { mkdir(root + name, 0o755) }
    }

    mutating func edit(
        _ number: Int, hook: (String) -> String, module: (String) -> String, modules: [String]
    ) {
        let isHook = Int.random(in: 0..<3, using: &generator) == 0
        let name = isHook ? "hooks/versions.lua" : "lib/\(modules.randomElement(using: &generator)!).lua"
        let path = "\(root)/\(name)"
        let good = isHook ? hook("v\(number)") : module("v\(number)")
        clear(path)
        switch Int.random(in: 0..<16, using: &generator) {
        case 0: write("return {{", path)
        case 1: write("error('at load')", path)
        case 2: write("while true do end", path)
        case 3: write(String(good.prefix(good.utf8.count / 2)), path)
        case 4:
            write((0..<300).map { _ in Character(UnicodeScalar(UInt8.random(in: 0...255, using: &generator))) }, path)
        case 5: mkdir(path, 0o755)
        case 6: mkfifo(path, 0o644)
        case 7: symlink("/nonexistent", path)
        case 8: symlink(path, path)
        case 9:
            let target = "\(root)/elsewhere/\(number).lua"
            write(good, target)
            symlink(target, path)
        case 10:
            write(good, path + ".new")
            rename(path + ".new", path)
        case 11: write("leaked = 1 " + good, path)
        case 12: write(good + String(repeating: " ", count: 1 << 21), path)
        case 13:
            write(good, path)
            chmod(path, 0)
        case 14: break
        default: write(good, path)
        }
    }

    /// Everything good again.
    func mend(hook: String, module: String, modules: [String]) {
        for name in modules {
            clear("\(root)/lib/\(name).lua")
            write(module, "\(root)/lib/\(name).lua")
        }
        clear("\(root)/hooks/versions.lua")
        write(hook, "\(root)/hooks/versions.lua")
    }

    private func clear(_ path: String) {
        if unlink(path) != 0 { rmdir(path) }
    }

    private func write(_ text: [Character], _ path: String) { write(String(text), path) }

    private func write(_ text: String, _ path: String) {
        let descriptor = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0o644)
        precondition(descriptor >= 0)
        var text = text
        text.withUTF8 { _ = Glibc.write(descriptor, $0.baseAddress, $0.count) }
        close(descriptor)
    }
}
