/// Which names say that their value is nobody's business.
enum SensitiveName {
    /// `Authorization`, `x-api-key`, `GITHUB_TOKEN`, `clientSecret`, `set-cookie` are; `tokens` and `token_count` are not.
    static func matches(_ name: some Collection<UInt8>) -> Bool {
        guard name.count <= 64, mayMatch(name) else { return false }
        let words = split(name)
        guard let last = words.last else { return false }
        if words.contains(where: everywhere.contains) || atEnd.contains(last) { return true }
        return last == "key" && words.count > 1 && beforeKey.contains(words[words.count - 2])
    }

    /// Nearly every name is told from these three letters alone, without taking it apart.
    private static func mayMatch(_ name: some Collection<UInt8>) -> Bool {
        var letters: UInt32 = 0
        for byte in name {
            letters = (letters << 8 | UInt32(byte | 0x20)) & 0xff_ffff
            if clues.contains(letters) { return true }
        }
        return false
    }

    /// auth…, cook…, pass…, secr…, tok…, cred…, key, bear…, jwt.
    private static let clues: [UInt32] = ["aut", "coo", "pas", "sec", "tok", "cre", "key", "bea", "jwt"].map { clue in
        clue.utf8.reduce(0) { $0 << 8 | UInt32($1) }
    }

    private static let everywhere: Set<String> = [
        "authorization", "cookie", "password", "passwd", "passphrase", "secret", "apikey", "bearer",
    ]
    private static let atEnd: Set<String> = [
        "token", "accesstoken", "refreshtoken", "authtoken", "secrets", "cookies", "credential", "credentials", "jwt",
    ]
    private static let beforeKey: Set<String> = [
        "api", "private", "encryption", "signing", "secret", "access", "admin",
    ]

    /// Lower-case words of a name in snake, kebab or camel case.
    private static func split(_ name: some Collection<UInt8>) -> [String] {
        var words: [String] = []
        var word: [UInt8] = []
        var before: UInt8 = 0
        for byte in name {
            let isUpper = 65...90 ~= byte
            let isWord = isUpper || 97...122 ~= byte || 48...57 ~= byte
            if !isWord || (isUpper && 97...122 ~= before) {
                if !word.isEmpty { words.append(String(decoding: word, as: UTF8.self)) }
                word.removeAll(keepingCapacity: true)
            }
            if isWord { word.append(byte | (isUpper ? 0x20 : 0)) }
            before = byte
        }
        if !word.isEmpty { words.append(String(decoding: word, as: UTF8.self)) }
        return words
    }
}
