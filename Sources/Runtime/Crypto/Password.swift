internal import CCrypto
import Glibc

/// Passwords as bcrypt keeps them, through crypt(3). Slow on purpose, so it runs on the blocking pool.
public enum Password {
    /// What bcrypt looks at; the rest of a longer password would silently not count.
    public static let maxBytes = 72
    /// 2^16 rounds take seconds: a stored hash must not ask for more.
    static let costs = 4...16

    @Loop
    public static func hash(_ password: Secret, cost: Int = 12) async throws -> String {
        try await BlockingPool.shared.run("password hash") { try hashBlocking(password, cost: cost) }
    }

    /// False for a wrong password; a fault when `hash` is no bcrypt hash.
    @Loop
    public static func verify(_ password: Secret, against hash: String) async throws -> Bool {
        try await BlockingPool.shared.run("password check") { try verifyBlocking(password, against: hash) }
    }

    static func hashBlocking(_ password: Secret, cost: Int) throws -> String {
        guard costs.contains(cost) else {
            throw Fault(.invalidInput, "a bcrypt cost is \(costs.lowerBound) to \(costs.upperBound), not \(cost)")
        }
        guard !password.isEmpty, password.count <= maxBytes else {
            throw Fault(.invalidInput, "a password has 1 to \(maxBytes) bytes, this one has \(password.count)")
        }
        var salt = [CChar](repeating: 0, count: Int(CRYPT_GENSALT_OUTPUT_SIZE))
        let random = Random.bytes(16).map { CChar(bitPattern: $0) }
        let setting = crypt_gensalt_rn("$2b$", UInt(cost), random, Int32(random.count), &salt, Int32(salt.count))
        guard setting != nil else { throw Fault.system("crypt_gensalt", "bcrypt", errno: errno) }
        guard let hash = try crypt(password, salt) else {
            throw Fault(.invalidInput, "a password cannot have a NUL byte")
        }
        return hash
    }

    static func verifyBlocking(_ password: Secret, against hash: String) throws -> Bool {
        guard isBcrypt(hash) else {
            throw Fault(
                .invalidInput, "a stored password is no bcrypt hash of cost \(costs.lowerBound) to \(costs.upperBound)",
                hint: "`caddy hash-password` or `htpasswd -nB` makes one")
        }
        guard let computed = try crypt(password, hash.utf8CString.map { $0 }) else { return false }
        return ConstantTime.equal(computed, hash)
    }

    /// `$2b$12$` and 53 characters of salt and hash. Checked here, because crypt(3) knows many weaker forms.
    static func isBcrypt(_ hash: String) -> Bool {
        let bytes = Array(hash.utf8)
        guard bytes.count == 60, ["$2a$", "$2b$", "$2y$"].contains(hash.prefix(4)) else { return false }
        guard bytes[6] == UInt8(ascii: "$"),
            bytes[4...5].allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else {
            return false
        }
        guard let cost = Int(hash.dropFirst(4).prefix(2)), costs.contains(cost) else { return false }
        return bytes[7...].allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
            case UInt8(ascii: ".")...UInt8(ascii: "9"): true
            default: false
            }
        }
    }

    /// Nil for a password that no C string can hold, or that is too long for crypt(3).
    private static func crypt(_ password: Secret, _ setting: [CChar]) throws -> String? {
        guard password.count < Int(CRYPT_MAX_PASSPHRASE_SIZE) else { return nil }
        var phrase = password.withBytes { $0.map { CChar(bitPattern: $0) } }
        guard !phrase.contains(0) else { return nil }
        phrase.append(0)
        let space = UnsafeMutablePointer<crypt_data>.allocate(capacity: 1)
        space.initialize(to: crypt_data())
        defer {
            OPENSSL_cleanse(space, MemoryLayout<crypt_data>.size)
            space.deallocate()
            phrase.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) }
        }
        guard let hash = crypt_rn(&phrase, setting, space, Int32(MemoryLayout<crypt_data>.size)) else {
            throw Fault.system("crypt", "bcrypt", errno: errno)
        }
        return String(cString: hash)
    }
}
