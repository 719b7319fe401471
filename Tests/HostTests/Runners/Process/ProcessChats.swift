import FakeOpencode
import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

/// The whole program with its runners as processes, users who chat with it, and every process that bears its mark.
@Loop
final class ProcessChats: RunnerUsers {
    let bed: ChatBed
    private var turns = 0

    /// One process of a runner, found by what stands in its environment.
    struct Found: Hashable {
        let identity: ProcessIdentity
        let mark: RunnerMark
        let arguments: [String]
    }

    /// Runs a test, then stops what is up and checks that nothing is left.
    /// `user` is who Perigee runs as; the test's own user where it is nil.
    static func with(
        _ settings: [String] = [], as user: uid_t? = nil, within limit: Duration = .seconds(240),
        _ body: @Loop (ProcessChats) async throws -> Void
    ) async throws {
        guard TestEnvironment.program("bwrap", for: "the program with runners as processes") != nil else { return }
        let directory = ProcessBed.program.split(separator: "/").dropLast().joined(separator: "/")
        // The address of a shared server is there too: what is named goes before it.
        let all = ["RUNNER_MODE=process", "RUNNER_SANDBOX=bubblewrap", "PERIGEE_ALLOW_ANONYMOUS=true"] + settings
        let readable = access("/opt/swift", F_OK) == 0 ? ["RUNNER_READABLE=/opt/swift"] : []
        try await ChatBed.with(
            all + readable, environment: ["PATH": "/\(directory):/usr/bin:/bin"],
            launcher: user.map { ProcessChats.launcher($0) } ?? [], owner: user, within: limit
        ) { bed in
            let chats = ProcessChats(bed)
            do { try await body(chats) } catch {
                let state = try await Deadline.lifted { try await chats.state() }
                Issue.record("\(Fault(error)): \(state)")
            }
            await Deadline.lifted { await chats.clear() }
            #expect(bed.fake.prompts.isEmpty, "somebody's turn went to the shared server")
        }
    }

    private init(_ bed: ChatBed) { self.bed = bed }

    /// Words before a program that is to run as a user without any rights.
    static func launcher(_ user: uid_t) -> [String] {
        ["setpriv", "--reuid", "\(user)", "--regid", "\(user)", "--clear-groups", "--no-new-privs", "--"]
    }

    // MARK: chatting

    static func bearer(_ user: String) -> [(String, String)] { [("Authorization", "Bearer \(user)")] }

    /// A chat of its own each time: nothing that was said before is in it.
    func turn(_ user: String, _ words: String) async throws -> ChatBed.Reply {
        try await bed.reply(to: try await open(user, words))
    }

    func open(_ user: String, _ words: String, chat: String? = nil) async throws -> HTTPAnswer {
        turns += 1
        let body: JSONValue = ["model": "open-persona/build", "stream": true, "messages": ChatBed.messages([words])]
        return try await bed.open(
            "/v1/chat/completions", try JSON.encode(body),
            headers: ChatBed.openWebUI(chat: chat ?? "\(user)-\(turns)", message: "a\(turns)", user: "u\(turns)")
                + ProcessChats.bearer(user))
    }

    /// What a tool of this user's agent prints that runs a script.
    func run(_ script: String, as user: String) async throws -> String {
        let directory = try await directory(of: user)
        try PlainFile.write(script, to: "\(directory)/script")
        let reply = try await turn(user, "bash sh \(directory)/script > \(directory)/printed 2>&1; say done")
        #expect(reply.text.hasSuffix("done"), "\(reply.body)")
        return PlainFile.text("\(directory)/printed")
    }

    func directory(of user: String) async throws -> String {
        let id = try await workspace(of: user)
        return try #require(try await bed.get("/mgmt/workspaces/\(id)").json["directory"].string)
    }

    /// The runner of a user as the door shows it, if there is one.
    func runner(of user: String) async throws -> JSONView? {
        let id = try await workspace(of: user)
        return try await bed.get("/mgmt/runners").json["runners"].elements.first { $0["workspace"].string == id }
    }

    func runnerName(of user: String) async throws -> String {
        try #require(try await runner(of: user)?["name"].string, "\(user) has no runner")
    }

    private func workspace(of user: String) async throws -> String {
        let me = try await bed.get("/mgmt/me", headers: ProcessChats.bearer(user)).json
        return try #require(me["workspace"].string)
    }

    func perigee(_ words: String...) async throws -> Program.Result {
        try await Program.run(words + ["STATE_DIR=\(bed.state.path)"])
    }

    // MARK: looking

    /// Everything on this machine that bears the mark of this state directory's runners.
    func processes() async throws -> [Found] {
        let place = bed.state.path + "/"
        return try await BlockingPool.shared.run("marks") {
            try ProcessTable.bearers(of: RunnerMark.variable, with: "XDG_DATA_HOME").compactMap { found in
                guard found.other?.hasPrefix(place) == true, let mark = RunnerMark(found.value) else { return nil }
                return Found(identity: found.entry.identity, mark: mark, arguments: found.entry.arguments)
            }
        }
    }

    /// The starts of each runner of which something is there; more than one is one too many.
    func starts() async throws -> [String: Set<String>] {
        Dictionary(grouping: try await processes(), by: \.mark.name).mapValues { Set($0.map(\.mark.token)) }
    }

    func until(
        _ subject: String, within limit: Duration = .seconds(60), _ condition: @Loop () async throws -> Bool
    ) async throws {
        let end = Instant.clock + limit
        while try await !condition() {
            guard Instant.clock < end else { throw Fault(.timeout, "\(subject) did not come") }
            try await Loop.sleep(for: .milliseconds(20))
        }
    }

    /// For a failure's words.
    func state() async throws -> String {
        let processes = try await processes().map { "\($0.identity.pid) \($0.mark.name) \($0.arguments.prefix(3))" }
        return "\(processes); \(try await perigee("runners").output)"
    }

    // MARK: when Perigee is killed

    func open(_ user: String, _ words: String, in chat: String) async throws -> HTTPAnswer {
        try await open(user, words, chat: chat)
    }

    func stopRunner(of user: String) async throws {
        if let runner = try await runner(of: user) { try await stop(runner["name"].string ?? "") }
    }

    func areWhole() async throws -> Bool { try await starts().values.allSatisfy { $0.count == 1 } }

    func runnerCount() async throws -> Int { try await starts().count }

    // MARK: the end

    func stop(_ runner: String) async throws {
        let reply = try await bed.post("/mgmt/runners/\(runner)/stop", [:])
        #expect(reply.status == 200, "\(runner): \(reply.body)")
    }

    private func clear() async {
        do {
            for runner in try await bed.get("/mgmt/runners").json["runners"].elements {
                try await stop(runner["name"].string ?? "")
            }
            #expect(try await processes().isEmpty, "a process was left behind")
        } catch {
            Issue.record(error)
        }
        do {
            while case let left = try await processes(), !left.isEmpty {
                for process in left { kill(process.identity.pid, SIGKILL) }
                try await Loop.sleep(for: .milliseconds(20))
            }
        } catch {
            Issue.record(error)
        }
    }
}
