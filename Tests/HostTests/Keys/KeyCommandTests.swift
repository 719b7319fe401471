import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("perigee key")
@Loop
struct KeyCommandTests {
    private func key(_ state: TemporaryDirectory, _ words: String...) async throws -> Program.Result {
        try await Program.run(["key"] + words + ["STATE_DIR=\(state.path)"])
    }

    private func status(_ program: RunningProgram, _ path: String, _ token: String?) async throws -> Int {
        let headers = token.map { ["Authorization: Bearer \($0)"] } ?? []
        return try await Exchange.get(path, port: program.port, headers: headers).status
    }

    @Test("a key's life: made on the database, good at the server, revoked there")
    func life() async throws {
        let state = TemporaryDirectory()
        let made = try await key(state, "create", "--name", "ops", "--scopes", "manage", "--expires=90d")
        #expect(made.code == 0 && made.output.hasPrefix("pk_") && made.output.utf8.count == 47)
        #expect(made.errors.contains("may manage") && !made.errors.contains("pk_"))
        let token = made.output.trimming()

        let program = try await RunningProgram.start(state: state.path)
        #expect(!program.lines.joined().contains("one-time"), "there is a key already")
        #expect(try await status(program, "/mgmt/status", nil) == 401)
        #expect(try await status(program, "/mgmt/status", token) == 200)
        #expect(try await status(program, "/mgmt/keys", token) == 403, "manage makes no keys")
        #expect(try await status(program, "/healthz", nil) == 200)

        let admin = try await key(state, "create", "--scopes", "admin", "--user", "root").output.trimming()
        let list = try await Exchange.get(
            "/mgmt/keys", port: program.port, headers: ["X-Api-Key: \(admin)"])
        #expect(list.status == 200 && !list.body.contains(token) && !list.body.contains("digest"))
        let keys = try list.json.list("keys")
        #expect(keys.count == 2 && keys[0]["name"] == "ops" && keys[0]["last_used_at"] != .null)
        let shown = try await key(state, "list")
        #expect(shown.output.contains("ops") && shown.output.contains("active") && !shown.output.contains("pk_"))

        let id = keys[0].text("id")
        #expect(try await key(state, "revoke", id).output == "\(id) is revoked\n")
        #expect(try await status(program, "/mgmt/status", token) == 401)
        #expect(try await status(program, "/mgmt/status", admin) == 200)
        #expect(try await key(state, "revoke", "key_none").code == 66)
        let log = try await program.end().log
        #expect(!log.contains(token) && !log.contains(admin))
        let after = try await key(state, "list", "--json")
        #expect(try JSON.parse(after.output).value?.list("keys").map { $0.text("state") } == ["revoked", "active"])
        for secret in [token, admin] { #expect(try files(below: state.path, holding: secret).isEmpty) }
    }

    @Test("the first start prints one admin key, which makes the first key from afar and ends")
    func setup() async throws {
        let state = TemporaryDirectory()
        let program = try await RunningProgram.start(state: state.path)
        let line = try #require(program.lines.first { $0.contains("one-time") })
        let setup = try #require(try JSON.parse(line)["setup"].string)
        // From another machine, as far as the server can tell.
        let far = ["Authorization: Bearer \(setup)", GateBed.stranger]
        #expect(try await Exchange.get("/mgmt/status", port: program.port, headers: [GateBed.stranger]).status == 403)
        #expect(try await Exchange.get("/mgmt/status", port: program.port, headers: far).status == 200)
        #expect(try await status(program, "/mgmt/status", nil) == 200, "this machine needs none yet")
        let body = #"{"name":"first","scopes":["admin"]}"#
        let made = try await Exchange.send(
            "POST /mgmt/keys HTTP/1.1\r\nHost: 127.0.0.1\r\n\(far.joined(separator: "\r\n"))\r\n"
                + "Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)", port: program.port)
        #expect(made.status == 201 && made.head.contains("Cache-Control: no-store"))
        let first = try made.json.text("token")
        #expect(try await Exchange.get("/mgmt/status", port: program.port, headers: far).status == 401)
        #expect(try await status(program, "/mgmt/status", nil) == 401)
        #expect(try await status(program, "/mgmt/status", first) == 200)
        try await program.end()
        let again = try await RunningProgram.start(state: state.path)
        #expect(!again.lines.joined().contains("one-time"))
        #expect(try await !again.end().log.contains("pk_"))
    }

    @Test(
        "slips are told in a line, with code 64",
        arguments: [
            (["key"], "something is missing"), (["key", "made"], "no `perigee key made`"),
            (["key", "creat"], "no `perigee key creat`"), (["key", "revoke"], "needs the id"),
            (["key", "list", "x"], "unexpected"), (["key", "create", "--scopes", "chat,mange"], "no scope \"mange\""),
            (["key", "create", "--expires", "soon"], "\"soon\""), (["key", "list", "--user", "x"], "is for `create`"),
        ])
    func slips(words: [String], message: String) async throws {
        let state = TemporaryDirectory()
        let result = try await Program.run(words + ["STATE_DIR=\(state.path)"])
        #expect(result.code == 64 && result.output.isEmpty && result.errors.contains(message), "\(result.errors)")
        #expect(access("\(state.path)/perigee.db", F_OK) != 0)
    }

    @Test("settings that are secrets stay out of the log, the answers, the listings and the disk")
    func planted() async throws {
        let state = TemporaryDirectory()
        let encryption = Base64.encode(Random.bytes(32))
        let secrets = [
            "ENCRYPTION_KEY": encryption, "FORWARD_USER_INFO_HEADER_JWT_SECRET": "planted-jwt-secret-1",
            "OPEN_PERSONA_DEFAULT_OPENAI_API_KEY": "sk-planted-default-1",
        ]
        let program = try await RunningProgram.start(
            state: state.path, settings: ["LOG_LEVEL=debug", "LOG_WORKSPACE_ROUTING=1"], environment: secrets)
        var seen = program.lines.joined(separator: "\n")
        for path in [
            "/mgmt/status", "/mgmt/keys", "/mgmt/workspaces", "/metrics", "/openapi.json", "/health", "/ready",
        ] {
            for headers in [[], ["Authorization: Bearer planted-jwt-secret-1", "X-Api-Key: sk-planted-default-1"]] {
                let answer = try await Exchange.get(path, port: program.port, headers: headers)
                seen += answer.head + answer.body
            }
        }
        let listing = try await Program.run(["config"], environment: secrets)
        #expect(listing.code == 0 && listing.output.contains("ENCRYPTION_KEY"))
        seen += listing.output + listing.errors
        let workspaces = try await Program.run(["workspaces", "STATE_DIR=\(state.path)"])
        #expect(workspaces.code == 0 && workspaces.output.contains("no workspaces yet"))
        seen += try await program.end().log
        for secret in secrets.values {
            #expect(!seen.contains(secret))
            #expect(try files(below: state.path, holding: secret).isEmpty)
        }
        #expect(access("\(state.path)/encryption.key", F_OK) != 0)
        let wrong = try await Program.run(
            ["serve", "PORT=0", "STATE_DIR=\(state.path)"],
            environment: ["ENCRYPTION_KEY": Base64.encode(Random.bytes(32))])
        #expect(wrong.code == 73 && wrong.errors.contains("not the key that this state was sealed with"))
        let unusable = try await Program.run(["config"], environment: ["ENCRYPTION_KEY": "planted-but-short"])
        #expect(unusable.code == 64 && !unusable.errors.contains("planted-but-short"))
    }
}

extension String {
    func trimming() -> String { String(drop { $0 == "\n" }.reversed().drop { $0 == "\n" }.reversed()) }
}
