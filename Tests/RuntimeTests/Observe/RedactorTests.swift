import Testing

@testable import Runtime

@Suite("secrets")
struct RedactorTests {
    @Test("a planted secret is never seen: message, value, key, context, error, or across a cut")
    func planted() throws {
        let secrets = Redactor()
        let secret = "sk-Pl4nted/Se\"cret+1"
        #expect(secrets.add(secret))
        for format in [Log.Format.json, .text] {
            let pipe = LogPipe()
            let log = pipe.log(format, secrets: secrets)
            LogContext.with(["workspace": secret]) {
                log.info("got \(secret) and \(secret)!", ["value": .text("a\(secret)b"), secret: 1])
                log.error("failed", Fault(.denied, "key \(secret) refused", hint: "not \(secret)"))
            }
            // Begins before the place where a message is cut, and ends behind it.
            log.info(String(repeating: "m", count: 4090) + secret)
            log.info(String(repeating: secret, count: 5000), ["url": "http://h/?k=sk-Pl4nted%2FSe%22cret%2B1"])
            let lines = pipe.lines(of: log)
            #expect(lines.count == 4)
            for line in lines {
                #expect(!line.contains("Pl4nt") && !line.contains("cret"), "\(line)")
                #expect(line.contains(Redactor.mark))
            }
        }
    }

    @Test("what people read as somebody's work loses known values, and nothing else")
    func hidden() {
        let secrets = Redactor()
        #expect(secrets.hide(in: "token: expired") == "token: expired")
        secrets.add("word")
        secrets.add("sk-Planted-0123456789")
        let text = "a word, KEY=sk-Planted-0123456789\npassword: \"hunter2\" sk-Planted-0123456789"
        #expect(secrets.hide(in: text) == "a word, KEY=•••\npassword: \"hunter2\" •••")
        #expect(secrets.hide(in: "a word, Bearer abcdefghijkl") == "a word, Bearer abcdefghijkl")
    }

    @Test(
        "fields with telling names are hidden, others are not",
        arguments: [
            ("authorization", true), ("Proxy-Authorization", true), ("cookie", true), ("set-cookie", true),
            ("api_key", true), ("x-api-key", true), ("apiKey", true), ("APIKEY", true), ("token", true),
            ("GITHUB_TOKEN", true), ("accessToken", true), ("password", true), ("password_hash", true),
            ("clientSecret", true), ("secret", true), ("private_key", true), ("ENCRYPTION_KEY", true),
            ("tokens", false), ("token_count", false), ("prompt_tokens", false), ("key", false), ("user_key", false),
            ("path", false), ("tokenizer", false), ("", false), ("monkey", false), ("secretary", false),
        ])
    func names(_ name: String, _ isSensitive: Bool) throws {
        #expect(SensitiveName.matches(name.utf8) == isSensitive)
        let pipe = LogPipe()
        let log = pipe.log()
        log.info("x", [name: "valuable"])
        let line = pipe.lines(of: log)[0]
        #expect(line.contains("valuable") == !isSensitive)
    }

    @Test(
        "credentials that nobody registered are found by their surroundings",
        arguments: [
            ("GET /x Authorization: Bearer abc123DEF456", "GET /x Authorization: •••"),
            ("sent bearer abc123DEF456, ok", "sent bearer •••, ok"),
            ("clone https://user:pa55@host/x.git", "clone https://•••@host/x.git"),
            ("clone https://ghp_abc@host/x.git", "clone https://•••@host/x.git"),
            ("/cb?token=abc&state=1", "/cb?token=•••&state=1"),
            ("{\"api_key\":\"abc d\",\"n\":1}", "{\"api_key\":\"•••\",\"n\":1}"),
            ("PASSWORD=hunter2 next", "PASSWORD=••• next"),
            ("cookie: a=b; c=d\nnext", "cookie: •••\nnext"),
            ("password: hunter22", "password: •••"),
            ("wrong key sk-proj-abcdef0123456789_XYZ: no", "wrong key •••: no"),
            ("ghp_abcdefghij0123456789 was refused", "••• was refused"),
            ("sk-\(String(repeating: "a1", count: 60)).", "•••."),
            // Prose stays prose.
            ("pip install sk-learn", "pip install sk-learn"),
            ("the file sk-this-is-a-long-name-of-words", "the file sk-this-is-a-long-name-of-words"),
            ("token: expired", "token: expired"),
            ("the basic idea", "the basic idea"),
            ("Bearer token missing", "Bearer token missing"),
            ("see https://host/a@b and mail a@b", "see https://host/a@b and mail a@b"),
            ("tokens=12", "tokens=12"),
            ("time 12:30:11 ratio 1://2", "time 12:30:11 ratio 1://2"),
            ("", ""),
        ])
    func surroundings(_ text: String, _ clean: String) {
        #expect(Redactor().clean(text) == clean)
    }

    @Test("short values are refused, removed ones are seen again, the longest of several wins")
    func table() {
        let secrets = Redactor()
        #expect(!secrets.add("abc"))
        #expect(!secrets.add(""))
        #expect(secrets.add("abcd"))
        #expect(secrets.add("abcdefgh"))
        #expect(secrets.add("abcd"))
        #expect(secrets.clean("abcdefgh abcde abc") == "••• •••e abc")
        secrets.remove("abcd")
        #expect(secrets.clean("abcdefgh abcde") == "••• abcde")
        secrets.remove("never there")
        secrets.remove("x")
    }

    @Test("the table has a bound and says when it is reached")
    func bound() {
        let secrets = Redactor()
        for number in 0..<Redactor.limit { #expect(secrets.add("secret-\(number)-value")) }
        #expect(!secrets.add("one-too-many"))
        #expect(secrets.clean("secret-77-value one-too-many") == "••• one-too-many")
    }

    @Test("random text with secrets in random places comes out without them and otherwise unchanged")
    func random() {
        var generator = SeededGenerator(seed: 11)
        let secrets = Redactor()
        let values = (0..<20).map { number in
            "Z\(number)Q" + String((0..<8).map { _ in "abcdé€".randomElement(using: &generator)! })
        }
        for value in values { secrets.add(value) }
        for _ in 0..<500 {
            var (raw, wanted) = ("", "")
            for _ in 0..<Int.random(in: 0...12, using: &generator) {
                if Bool.random(using: &generator) {
                    raw += values.randomElement(using: &generator)!
                    wanted += Redactor.mark
                } else {
                    let text = String((0..<5).map { _ in "uvw ü€".randomElement(using: &generator)! })
                    raw += text
                    wanted += text
                }
            }
            #expect(secrets.clean(raw) == wanted)
        }
    }
}
