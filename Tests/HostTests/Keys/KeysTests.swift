import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("API keys")
@Loop
struct KeysTests {
    @Test("a key is found by its text, whose it is and what it may do")
    func issue() async throws {
        let bed = try await KeysBed.open()
        let issued = try await bed.keys.issue(
            KeyOrder(name: "laptop", user: "ann", scopes: ["chat", "speak-for"], expires: "90d"))
        let token = issued.token.reveal()
        #expect(token.hasPrefix("pk_") && token.utf8.count == 46)
        let key = try bed.keys.verify(token)
        #expect(key.id == issued.key.id && key.name == "laptop" && key.user == "ann")
        #expect(key.ownScopes == [.chat, .speakFor])
        #expect(key.expiresAt == bed.moment + 90 * 86_400_000)
        #expect(bed.keys.list().first?.lastUsedAt == bed.moment)
        await bed.close()
    }

    @Test("a key without a user has one of its own, and no two are alike")
    func ownUser() async throws {
        let bed = try await KeysBed.open()
        let (one, other) = (try await bed.keys.issue(KeyOrder()), try await bed.keys.issue(KeyOrder()))
        #expect(one.key.user == "key:\(one.key.id)" && one.key.user != other.key.user)
        #expect(one.token != other.token)
        #expect(one.key.ownScopes == [.chat] && one.key.expiresAt == nil)
        await bed.close()
    }

    @Test("admin implies every scope, and no other implies another")
    func scopes() {
        func key(_ scopes: Set<KeyScope>) -> APIKey {
            APIKey(id: "k", name: "", user: "u", scopes: scopes, createdAt: 0)
        }
        for scope in KeyScope.allCases {
            #expect(key([.admin]).allows(scope))
            for other in KeyScope.allCases where other != .admin {
                #expect(key([other]).allows(scope) == (other == scope))
            }
        }
        #expect(key([.admin]).effectiveScopes == KeyScope.allCases && key([.admin]).ownScopes == [.admin])
    }

    @Test(
        "what is no key is refused in the same words, however close it is",
        arguments: ["", "pk_", "pk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "sk-other", "cut", "longer", "case"])
    func unknown(text: String) async throws {
        let bed = try await KeysBed.open()
        let token = try await bed.token()
        let given =
            switch text {
            case "cut": String(token.dropLast())
            case "longer": token + "A"
            case "case": token.uppercased()
            default: text
            }
        let fault = #expect(throws: Fault.self) { try bed.keys.verify(given) }
        #expect(fault?.kind == .unauthenticated && fault?.message == "this API key is not known here")
        await bed.close()
    }

    @Test("a key ends at its time, and says so")
    func expiry() async throws {
        let bed = try await KeysBed.open()
        let token = try await bed.token(expires: "1h")
        bed.moment += 3_599_999
        #expect(throws: Never.self) { try bed.keys.verify(token) }
        bed.moment += 1
        let fault = #expect(throws: Fault.self) { try bed.keys.verify(token) }
        #expect(fault?.kind == .unauthenticated)
        #expect(fault?.message.contains("expired at 2026-11-21T13:00:00Z") == true)
        #expect(bed.keys.list().first?.state(at: bed.moment) == .expired)
        await bed.close()
    }

    @Test("a revoked key is worth nothing at once, and says when that was")
    func revoke() async throws {
        let bed = try await KeysBed.open()
        let issued = try await bed.keys.issue(KeyOrder())
        bed.moment += 60_000
        _ = try await bed.keys.revoke(issued.key.id)
        bed.moment += 60_000
        #expect(try await bed.keys.revoke(issued.key.id).revokedAt == bed.moment - 60_000, "the first time counts")
        let fault = #expect(throws: Fault.self) { try bed.keys.verify(issued.token.reveal()) }
        #expect(fault?.message.contains("was revoked at 2026-11-21T12:01:00Z") == true)
        await #expect(throws: Fault.self) { try await bed.keys.revoke("key_nothing") }
        await bed.close()
    }

    @Test("keys outlive the process; their text is nowhere on the disk")
    func kept() async throws {
        let directory = TemporaryDirectory()
        let bed = try await KeysBed.open(in: directory)
        let good = try await bed.token(["manage"], user: "ann", expires: "1d")
        let revoked = try await bed.keys.issue(KeyOrder())
        _ = try await bed.keys.revoke(revoked.key.id)
        _ = try bed.keys.verify(good)
        let before = bed.keys.list()
        await bed.close()
        #expect(try files(below: directory.path, holding: good).isEmpty)
        #expect(try files(below: directory.path, holding: String(good.dropFirst(3))).isEmpty)

        let again = try await KeysBed.open(in: directory)
        #expect(again.keys.list() == before, "with its last use")
        #expect(try again.keys.verify(good).user == "ann")
        #expect(throws: Fault.self) { try again.keys.verify(revoked.token.reveal()) }
        #expect(again.keys.isAnyMade)
        await again.close()
    }

    @Test("the setup key makes the first real one and ends with it")
    func setup() async throws {
        let directory = TemporaryDirectory()
        let bed = try await KeysBed.open(in: directory)
        let setup = try #require(try await bed.keys.makeSetupKey())
        #expect(setup.key.allows(.admin) && !bed.keys.isAnyMade)
        #expect(throws: Never.self) { try bed.keys.verify(setup.token.reveal()) }
        #expect(try await bed.keys.makeSetupKey()?.key == nil, "it is shown once")
        await bed.close()

        let again = try await KeysBed.open(in: directory)
        #expect(try await again.keys.makeSetupKey()?.key == nil, "also after a restart")
        _ = try await again.token(["admin"])
        #expect(again.keys.isAnyMade)
        let fault = #expect(throws: Fault.self) { try again.keys.verify(setup.token.reveal()) }
        #expect(fault?.hint?.contains("first key") == true)
        for key in again.keys.list() { _ = try await again.keys.revoke(key.id) }
        #expect(try await again.keys.makeSetupKey()?.key == nil, "the owner knows the way now")
        #expect(again.keys.isAnyMade, "having revoked all keys opens nothing again")
        await again.close()
    }

    @Test("a setup key that nobody used in a day is replaced")
    func staleSetup() async throws {
        let bed = try await KeysBed.open()
        let old = try #require(try await bed.keys.makeSetupKey())
        bed.moment += 86_400_000
        let new = try #require(try await bed.keys.makeSetupKey())
        #expect(throws: Fault.self) { try bed.keys.verify(old.token.reveal()) }
        #expect(try bed.keys.verify(new.token.reveal()).isSetup && bed.keys.list().count == 1)
        await bed.close()
    }
}

@Suite("orders of API keys")
struct KeyOrderTests {
    @Test("what is left out has a plain meaning")
    func plain() throws {
        let order = try KeyOrder(JSON.parse("{}"))
        #expect(try order == KeyOrder() && order.scopes == [.chat] && order.lifetime == nil && order.user == nil)
        #expect(try KeyOrder(expires: "never").lifetime == nil)
        let full = #"{"name":"n","user":"u","scopes":["admin","chat","chat"],"expires":"1d12h"}"#
        let read = try KeyOrder(JSON.parse(full))
        #expect(read.scopes == [.admin, .chat] && read.lifetime == .seconds(36 * 3600) && read.user == "u")
    }

    @Test(
        "slips are told in words",
        arguments: [
            (#"[]"#, "JSON object"), (#"{"scope":["chat"]}"#, "no \"scope\""), (#"{"scopes":"chat"}"#, "list"),
            (#"{"scopes":["speakfor"]}"#, "no scope \"speakfor\""), (#"{"scopes":[]}"#, "needs a scope"),
            (#"{"scopes":[7]}"#, "no scope"), (#"{"expires":"soon"}"#, "\"soon\""), (#"{"expires":"0s"}"#, "\"0s\""),
            (#"{"expires":90}"#, "is text"), (#"{"user":""}"#, "empty"), (#"{"user":"a\u0000b"}"#, "control"),
            (#"{"name":"\#(String(repeating: "x", count: 201))"}"#, "longer than 200"),
        ])
    func slips(body: String, words: String) {
        let fault = #expect(throws: Fault.self) { try KeyOrder(JSON.parse(body)) }
        #expect(fault?.kind == .invalidInput && fault?.message.contains(words) == true, "\(String(describing: fault))")
    }
}

@Suite("the encryption key")
@Loop
struct EncryptionKeyTests {
    private func open(_ bed: KeysBed, _ setting: String = "") async throws -> EncryptionKey {
        try await EncryptionKey.open(setting, file: "\(bed.directory.path)/encryption.key", store: bed.store)
    }

    @Test("it is made once, for the server's user alone, and read again")
    func made() async throws {
        let bed = try await KeysBed.open()
        let one = try await open(bed)
        #expect(mode(of: "\(bed.directory.path)/encryption.key") == 0o600)
        let sealed = one.sealer.seal(Array("hello".utf8), for: "a test")
        let again = try await open(bed)
        #expect(try again.sealer.open(sealed, for: "a test") == Array("hello".utf8))
        #expect(again.derived(for: "x") == one.derived(for: "x") && one.derived(for: "x") != one.derived(for: "y"))
        await bed.close()
    }

    @Test("a store opens with no other key, and not without its own")
    func other() async throws {
        let bed = try await KeysBed.open()
        let one = try await open(bed)
        let strange = SealingKey.random().base64.reveal()
        let fault = await #expect(throws: Fault.self) { try await open(bed, strange) }
        #expect(fault?.kind == .conflict && fault?.message.contains("ENCRYPTION_KEY") == true)
        #expect(fault.map { "\($0)".contains(strange) } == false)
        rename("\(bed.directory.path)/encryption.key", "\(bed.directory.path)/moved")
        let missing = await #expect(throws: Fault.self) { try await open(bed) }
        #expect(missing?.kind == .notFound && access("\(bed.directory.path)/encryption.key", F_OK) != 0)
        #expect(try await open(bed, one.base64.reveal()).fingerprint == one.fingerprint, "the setting serves as well")
        await bed.close()
    }

    @Test("a file that others may read, or that is none of a key, is refused")
    func files() async throws {
        let bed = try await KeysBed.open()
        bed.directory.write("\(SealingKey.random().base64.reveal())\n", to: "encryption.key")
        let open = await #expect(throws: Fault.self) { try await self.open(bed) }
        #expect(open?.kind == .denied && open?.hint?.contains("chmod 600") == true)
        bed.directory.write("c2hvcnQ=\n", to: "encryption.key")
        chmod("\(bed.directory.path)/encryption.key", 0o600)
        let short = await #expect(throws: Fault.self) { try await self.open(bed) }
        #expect(short?.kind == .invalidInput)
        await bed.close()
    }
}

func mode(of path: String) -> UInt32 {
    var status = stat()
    return lstat(path, &status) == 0 ? status.st_mode & 0o7777 : 0
}
