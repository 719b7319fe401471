import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

/// The program as a process, with a database and directories of its own.
@Suite("disk, processes and users of a running program")
@Loop
struct ResourcesProgramTests {
    private static func put(_ text: String, _ path: String) throws {
        let descriptor = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Fault.system("write", path, errno: errno) }
        defer { close(descriptor) }
        _ = write(descriptor, text, text.utf8.count)
    }

    @Test("a user is seen with workspace, chat and disk, and leaves nothing when the owner removed them")
    func user() async throws {
        let bed = try await ResourcesBed.start()
        let secret = "the-dear-words-of-ann"
        try await bed.say(secret)
        let users = try await bed.get("/mgmt/users").json
        let id = Workspace.id(of: "ann")
        let ann = users.list("users").first { $0["user"] == "ann" }
        #expect(ann?["id"]?.string == id && ann?["source"] == "key", "\(users)")
        let directory = "\(bed.state)/workspaces/\(id)"
        try Self.put(secret, "\(directory)/notes.txt")
        let chats = try await bed.get("/mgmt/chats").json.list("chats")
        #expect(chats.count == 1 && chats[0]["user"] == "ann" && chats[0]["turns"] == 1)
        let path = "/mgmt/chats/\(chats.first?.text("id") ?? "")"
        #expect(try await bed.get(path).json.list("newest_turns").count == 1)
        let own = try await bed.get("/mgmt/me/chats", as: bed.ann)
        #expect(try own.json.list("chats").count == 1)
        #expect(try await bed.get("/mgmt/me/runs", as: bed.ann).json.list("runs").count == 1)
        #expect(try await bed.get("/mgmt/me/chats", as: bed.admin).json.list("chats").isEmpty)

        #expect(try await bed.send("DELETE", "/mgmt/users/\(id)", as: bed.ann).status == 403)
        let removed = try await bed.send("DELETE", "/mgmt/users/\(id)")
        #expect(removed.status == 200, "\(removed.body)")
        #expect(try await bed.send("DELETE", "/mgmt/users/\(id)").status == 404)
        #expect(try await bed.get("/mgmt/me", as: bed.ann).status == 401, "the key is revoked")
        #expect(access(directory, F_OK) != 0)
        #expect(try await bed.get("/mgmt/chats").json.list("chats").isEmpty)
        let waiting = try await bed.get("/mgmt/users?removed=1").json.list("users")
        #expect(waiting.count == 1 && waiting[0]["removed_at"] != nil)
        #expect(try files(below: "\(bed.state)/workspaces/.removed", holding: secret).count == 1)

        // After the grace: as the gc job's plan would have it.
        _ = try await bed.program.end()
        try await bed.finish(waiting[0].text("id"))
        #expect(try files(below: "\(bed.state)/workspaces/.removed", holding: secret).isEmpty)
        let kept = try files(below: "\(bed.state)/workspaces/.trash", holding: secret)
        #expect(kept.count == 1, "the trash has it for another week")
        try await bed.vacuum()
        #expect(try files(below: bed.state, holding: secret) == kept, "and nothing else does")
    }

    @Test("a removal that a kill interrupted goes on before anybody is served")
    func killed() async throws {
        let bed = try await ResourcesBed.start()
        try await bed.say("hello")
        _ = try await bed.program.end(SIGKILL)
        let id = Workspace.id(of: "ann")
        try await bed.inStore { store in
            try await store.write { transaction in
                try transaction.run(UsersQueries.beginRemoval, "\(id)-1", Int64(1), id)
                try transaction.run(UsersQueries.drop, id)
            }
        }
        try await bed.restart()
        #expect(try await bed.get("/mgmt/users?removed=1").json.list("users").map { $0.text("id") } == ["\(id)-1"])
        #expect(access("\(bed.state)/workspaces/\(id)", F_OK) != 0)
        #expect(access("\(bed.state)/workspaces/.removed/\(id)-1", F_OK) == 0)
        #expect(try await bed.get("/mgmt/me", as: bed.ann).status == 401)
        _ = try await bed.program.end()
    }

    @Test("the disk page answers at once with what was measured, processes are told, clean-up plans")
    func pages() async throws {
        let bed = try await ResourcesBed.start()
        try await bed.say("hello")
        #expect(try await bed.send("POST", "/mgmt/disk/measure").status == 202)
        var disk = JSONValue.null
        while disk["items"]?[0] == nil { disk = try await bed.get("/mgmt/disk").json }
        #expect(disk["volume_total"]?.string != nil && disk["projects_size"]?.string != nil)
        #expect((disk["volumes"]?[0]?["inodes"]?.integer ?? 0) >= 0 && disk["warning"] == .null)
        let processes = try await bed.get("/mgmt/processes").json
        #expect(processes["orphans"] == [])
        #expect(processes.list("processes").contains { $0["role"] == "perigee" && $0["comm"] == "perigee" })
        let cleaning = try await bed.send("POST", "/mgmt/gc", #"{"plan":true}"#).json
        #expect(cleaning["pruned"] == 0 && cleaning["done"] == true)
        let jobs = cleaning.list("jobs")
        #expect(Set(jobs.map { $0.text("job") }).isSuperset(of: ["snapshots", "watermark", "workspaces", "trash"]))
        #expect(jobs.allSatisfy { $0["outcome"] == "succeeded" }, "\(cleaning)")
        let table = try await bed.perigee("gc", "snapshots", "trash")
        #expect(
            table.code == 0 && table.output.contains("there is nothing to remove"), "\(table.errors)\(table.output)")
        #expect(try await bed.perigee("gc", "--plan", "--apply").code == 64)
        _ = try await bed.program.end()
    }

    @Test("bad input is told, and nothing but an answer comes of it")
    func badInput() async throws {
        let bed = try await ResourcesBed.start()
        let rows: [(method: String, path: String, body: String, status: Int)] = [
            ("GET", "/mgmt/disk?limit=x", "", 400), ("GET", "/mgmt/disk?after=-1", "", 400),
            ("GET", "/mgmt/disk?limit=100000", "", 400), ("DELETE", "/mgmt/disk", "", 405),
            ("GET", "/mgmt/processes?after=x", "", 400), ("POST", "/mgmt/processes/abc/kill", "", 404),
            ("POST", "/mgmt/processes/-1/kill", "", 404), ("POST", "/mgmt/processes/99999999999/kill", "", 404),
            ("POST", "/mgmt/processes/4194304/kill", "", 404), ("POST", "/mgmt/processes/1/kill", "[]", 400),
            ("POST", "/mgmt/processes/1/kill", #"{"strated":1}"#, 400),
            ("POST", "/mgmt/processes/1/kill", #"{"started":"x"}"#, 400),
            ("POST", "/mgmt/processes/1/kill", #"{"started":-4}"#, 400),
            ("POST", "/mgmt/processes/1/kill", #"{"started":1}"#, 404), ("POST", "/mgmt/processes/1/kill", "", 403),
            ("POST", "/mgmt/gc", "{", 400), ("POST", "/mgmt/gc", #"{"jobs":[1]}"#, 400),
            ("GET", "/mgmt/plans?after=x", "", 400), ("GET", "/mgmt/plans?limit=0", "", 400),
            ("GET", "/mgmt/users?limit=0", "", 400), ("GET", "/mgmt/users?removed=perhaps", "", 400),
            ("GET", "/mgmt/users/..%2F..", "", 404), ("DELETE", "/mgmt/users/nobody", "", 404),
            ("GET", "/mgmt/chats?limit=x", "", 400), ("GET", "/mgmt/chats/%00", "", 400),
            ("DELETE", "/mgmt/chats/none", "", 404), ("GET", "/mgmt/me/chats/none", "", 404),
            ("GET", "/mgmt/events?after=x", "", 400), ("GET", "/mgmt/events?after=9223372036854775807", "", 400),
            ("GET", "/mgmt/runs/none/events?after=9223372036854775807", "", 400), ("PUT", "/mgmt/events", "", 405),
            ("GET", "/mgmt/docs/..%2f..%2fscripts", "", 404), ("GET", "/mgmt/docs/none", "", 404),
        ]
        for row in rows {
            let answer = try await bed.send(row.method, row.path, row.body)
            #expect(answer.status == row.status, "\(row.method) \(row.path) \(row.body): \(answer.body)")
            #expect(try await bed.send(row.method, row.path, row.body, as: nil).status != 200)
        }
        for path in ["/mgmt/disk", "/mgmt/processes", "/mgmt/gc", "/mgmt/users", "/mgmt/chats", "/mgmt/events"] {
            #expect(try await bed.get(path, as: nil).status == 401, "\(path)")
            #expect(try await bed.get(path, as: bed.ann).status == 403, "\(path)")
        }
        #expect(try await bed.get("/mgmt/docs", as: nil).body.contains("docs.js"))
        let description = try await bed.get("/openapi.json", as: nil).json
        #expect(description["paths"]?["/mgmt/processes/{pid}/kill"]?["post"]?["requestBody"] != nil)
        _ = try await bed.program.end()
    }
}

/// A program with an admin's key and one of the user ann's.
@Loop
final class ResourcesBed {
    private let directory: TemporaryDirectory
    private(set) var program: RunningProgram
    let admin: String
    let ann: String
    var state: String { directory.path }

    static func start() async throws -> ResourcesBed {
        let directory = TemporaryDirectory()
        func key(_ words: String...) async throws -> String {
            let made = try await Program.run(["key", "create"] + words + ["STATE_DIR=\(directory.path)"])
            return made.output.trimming()
        }
        let admin = try await key("--scopes", "admin", "--user", "root")
        let ann = try await key("--scopes", "chat", "--user", "ann")
        return ResourcesBed(directory, try await start(directory.path), admin, ann)
    }

    private static func start(_ state: String) async throws -> RunningProgram {
        try await RunningProgram.start(state: state, settings: ["RUNNER_MODE=rehearsal"])
    }

    private init(_ directory: TemporaryDirectory, _ program: RunningProgram, _ admin: String, _ ann: String) {
        self.directory = directory
        self.program = program
        self.admin = admin
        self.ann = ann
    }

    func restart() async throws { program = try await ResourcesBed.start(state) }

    func get(_ path: String) async throws -> Exchange { try await send("GET", path, as: admin) }
    func get(_ path: String, as key: String?) async throws -> Exchange { try await send("GET", path, as: key) }
    func send(_ method: String, _ path: String, _ body: String = "") async throws -> Exchange {
        try await send(method, path, body, as: admin)
    }

    func send(_ method: String, _ path: String, _ body: String = "", as key: String?) async throws -> Exchange {
        let authorization = key.map { "Authorization: Bearer \($0)\r\n" } ?? ""
        return try await Exchange.send(
            "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\n\(authorization)Content-Type: application/json\r\n"
                + "Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)", port: program.port)
    }

    /// One turn of ann's chat, to its end.
    func say(_ words: String) async throws {
        let body = "{\"model\":\"open-persona/build\",\"messages\":[{\"role\":\"user\",\"content\":\"\(words)\"}]}"
        let answer = try await Exchange.send(
            "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer \(ann)\r\n"
                + "X-OpenWebUI-Chat-Id: c1\r\nContent-Type: application/json\r\n"
                + "Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)", port: program.port)
        guard answer.status == 200 else { throw Fault(.unavailable, "no answer: \(answer.body)") }
    }

    func perigee(_ words: String...) async throws -> Program.Result {
        try await Program.run(words + ["STATE_DIR=\(state)"])
    }

    /// While the program is down.
    func inStore(_ work: @Loop (Store) async throws -> Void) async throws {
        let store = try await Store.open("\(state)/perigee.db", migrations: Schema.migrations) { _ in }
        try await work(store)
        await store.close()
    }

    /// What the gc job `workspaces` does after the grace.
    func finish(_ removal: String) async throws {
        let roots = [FileRoot("workspaces", "\(state)/workspaces", isWritable: true)]
        try await inStore { store in
            let target = RemovedUserTarget(store, Trash(roots, clock: SystemClock()), roots: roots)
            let removed = try await store.read { try $0.first(UsersQueries.removed, removal) }
            let item = PlanEntry(
                action: .remove, kind: "removed_user", id: removal, reason: "old",
                stamp: removed?.state.removedAt.map { String($0) })
            #expect(try await target.check(item) == .removable)
            _ = try await target.remove(item)
            #expect(try await target.check(item) == .gone)
        }
    }

    /// Deleted rows leave no bytes behind.
    func vacuum() async throws {
        let result = try await Subprocess.run([
            "python3", "-c",
            "import sqlite3,sys; c=sqlite3.connect(sys.argv[1]); c.execute('VACUUM'); c.execute('PRAGMA wal_checkpoint(TRUNCATE)')",
            "\(state)/perigee.db",
        ])
        guard result.succeeded else { throw Fault(.internal, result.errorText) }
    }
}
