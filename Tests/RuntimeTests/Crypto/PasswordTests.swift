import Testing

@testable import Runtime

@Suite("passwords") @Loop
struct PasswordTests {
    @Test(
        "hashes that other programs made verify",
        arguments: [
            ("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
            ("U*U*", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"),
            ("", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy"),
        ])
    func knownAnswers(password: String, hash: String) async throws {
        #expect(try await Password.verify(Secret(password), against: hash))
        #expect(try await !Password.verify(Secret(password + "x"), against: hash))
    }

    @Test("a new hash verifies its password and no other, and is salted")
    func roundTrip() async throws {
        let hash = try await Password.hash(Secret("correct horse é"), cost: 4)
        #expect(hash.hasPrefix("$2b$04$") && Password.isBcrypt(hash))
        #expect(try await Password.verify(Secret("correct horse é"), against: hash))
        #expect(try await !Password.verify(Secret("correct horse e"), against: hash))
        #expect(try await !Password.verify(Secret(""), against: hash))
        #expect(try await Password.hash(Secret("correct horse é"), cost: 4) != hash)
    }

    @Test("a password that bcrypt would cut short is refused rather than cut")
    func limits() async throws {
        let longest = String(repeating: "x", count: 72)
        let hash = try await Password.hash(Secret(longest), cost: 4)
        #expect(try await Password.verify(Secret(longest), against: hash))
        for (password, cost) in [(longest + "x", 4), ("", 4), ("a\u{0}b", 4), ("x", 3), ("x", 17)] {
            await #expect(throws: Fault.self) { try await Password.hash(Secret(password), cost: cost) }
        }
        #expect(try await !Password.verify(Secret(String(repeating: "x", count: 100_000)), against: hash))
        #expect(try await !Password.verify(Secret("x\u{0}"), against: hash))
    }

    @Test(
        "what is no bcrypt hash, or one that would take minutes, is refused",
        arguments: [
            "", "plain", "$1$salt$hash", "$6$rounds=5000$salt$hash", "$2a$05$short",
            "$2a$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            "$2a$+5$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyO:W",
            "$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        ])
    func strangers(hash: String) async {
        await #expect(throws: Fault.self) { try await Password.verify(Secret("x"), against: hash) }
    }
}
