import LuaBridge
import Testing

@testable import Runtime

@Suite("host.crypto")
@Loop
struct CryptoModuleTests {
    private func run(_ text: String, now: Double = 1_700_000_000) async throws -> LuaResults {
        try await ModuleHarness(.crypto(bareWorld(now: now))).run("local crypto = require 'host.crypto' " + text)
    }

    @Test("digests and codes are those of everybody else")
    func digests() async throws {
        let seen = try await run(
            "return crypto.sha256('abc'), crypto.sha256(''), crypto.hmac_sha256('key', 'The message')")
        #expect(seen[0] == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(seen[1] == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        let code = HMACSHA256.code(for: Array("The message".utf8), key: Secret("key"))
        #expect(seen[2] == .string(Hex.encode(code)))
    }

    @Test("digests take bytes that are no text")
    func bytes() async throws {
        let seen = try await run("return crypto.sha256('\\xff\\0')")
        #expect(seen.first == .string(Hex.encode(SHA256.hash([0xff, 0]))))
    }

    @Test("secrets are compared whole")
    func equal() async throws {
        let seen = try await run("return crypto.equal('ab', 'ab'), crypto.equal('ab', 'ac'), crypto.equal('ab', 'a')")
        #expect(seen == [true, false, false])
    }

    @Test(
        "random bytes come in the form asked for, and never the same twice",
        arguments: [
            ("", "^%x+$", 32), (", {as = 'hex'}", "^%x+$", 32), (", {as = 'base64'}", "^[%w+/]+==$", 24),
            (", {as = 'base64url'}", "^[%w_-]+$", 22), (", {as = 'raw'}", "", 16),
        ])
    func random(_ options: String, _ pattern: String, _ length: Int64) async throws {
        let seen = try await run(
            """
            local one, other = crypto.random(16\(options)), crypto.random(16\(options))
            return one ~= other, #one, one:find('\(pattern)') ~= nil
            """)
        #expect(seen == [true, .integer(length), true])
    }

    @Test("a UUID is of version 4")
    func uuid() async throws {
        let seen = try await run(
            "local id = crypto.uuid() return #id, id:match('^%x+%-%x+%-4%x+%-[89ab]%x+%-%x+$') == id")
        #expect(seen == [36, true])
    }

    @Test(
        "bytes travel as text and come back",
        arguments: [("base64", "+/8A"), ("base64url", "-_8A"), ("hex", "fbff00")])
    func codings(_ name: String, _ text: String) async throws {
        let seen = try await run(
            "return crypto.\(name)_encode('\\xfb\\xff\\0'), crypto.\(name)_decode('\(text)') == '\\xfb\\xff\\0'")
        #expect(seen == [.string(text), true])
    }

    @Test(
        "text in another form is an error that shows the right one",
        arguments: [
            ("base64", "a", "the text is not standard base64 with padding"),
            ("base64url", "a+b=", "the text is not base64 for URLs, without padding"),
            ("hex", "abc", "the text is not hex digits"),
        ])
    func broken(_ name: String, _ text: String, _ message: String) async throws {
        let seen = try await run("return crypto.\(name)_decode('\(text)')")
        #expect(seen.kind == "invalid_input" && seen.message == message)
        #expect(seen.error["hint"]?.string?.hasPrefix("as in ") == true)
    }

    @Test("a token that was signed is believed until it expires by the world's clock")
    func tokens() async throws {
        let token = try await run(
            "return crypto.jwt_sign({sub = 'ada', roles = {'x'}}, {secret = 's', lifetime = '5m'})"
        ).first.string!
        let verify = "local c, err = crypto.jwt_verify('\(token)', {secret = 's', leeway = 10}) "
        let seen = try await run(verify + "return c.sub, c.roles[1], c.iat, c.exp", now: 1_700_000_300)
        #expect(seen == ["ada", "x", 1_700_000_000, 1_700_000_300])
        let late = try await run(verify + "return c, err", now: 1_700_000_311)
        #expect(late.kind == "unauthenticated" && late.message == "the token is refused: it has expired")
        let early = try await run(verify + "return c, err", now: 1_699_999_989)
        #expect(early.message == "the token is refused: it is not valid yet")
    }

    @Test(
        "a token is refused for its key, its issuer, its audience, or for never expiring",
        arguments: [
            ("{secret = 't'}", "its signature does not fit"),
            ("{secret = 's', requires_expiry = false, issuer = 'b'}", "it comes from another issuer"),
            ("{secret = 's', requires_expiry = false, audience = 'z'}", "it is meant for somebody else"),
            ("{secret = 's'}", "it never expires"),
            ("{secret = 's', requires_expiry = false, issuer = 'a', audience = 'y'}", ""),
        ])
    func refusals(_ options: String, _ why: String) async throws {
        let seen = try await run(
            """
            local token = crypto.jwt_sign({iss = 'a', aud = {'x', 'y'}}, {secret = 's'})
            return crypto.jwt_verify(token, \(options))
            """)
        #expect(seen.message == (why.isEmpty ? nil : "the token is refused: \(why)"))
    }

    @Test(
        "wrong arguments are mistakes of the script",
        arguments: [
            ("crypto.sha256(1)", "bad argument #1 'bytes' to 'host.crypto.sha256' (text expected, got the number 1)"),
            ("crypto.equal('a')", "bad argument #2 'other' to 'host.crypto.equal' (text expected, got nothing)"),
            (
                "crypto.random(0)",
                "bad argument #1 'count' to 'host.crypto.random': it is 0; it must be from 1 to 1024"
            ),
            (
                "crypto.random(8, {as = 'hexx'})",
                "bad argument #2 'options' to 'host.crypto.random': field 'as' is \"hexx\", not one of \"hex\", "
                    + "\"base64\", \"base64url\", \"raw\"; did you mean \"hex\"?"
            ),
            (
                "crypto.jwt_sign({}, {secret = ''})",
                "bad argument #2 'options' to 'host.crypto.jwt_sign': field 'secret' must not be empty"
            ),
            (
                "crypto.jwt_verify('x', {})",
                "bad argument #2 'options' to 'host.crypto.jwt_verify': field 'secret' is missing"
            ),
            ("crypto.uuid(1)", "'host.crypto.uuid' takes 0 arguments, 1 were given"),
        ])
    func mistakes(_ call: String, _ message: String) async throws {
        let harness = try ModuleHarness(.crypto(bareWorld()))
        #expect(await harness.mistake("local crypto = require 'host.crypto'\n\(call)") == message)
    }
}
