import LuaBridge

extension HostModule {
    /// Digests, signatures, random values and the texts that bytes travel in.
    public static func crypto(_ world: World) -> HostModule {
        HostModule(
            "crypto", "Digests, signatures, tokens, random values, base64 and hex.",
            digests + [random, uuid] + codings + tokens(world.clock))
    }

    private static let bytes = Shape.text()

    // MARK: digests

    private static var digests: [HostFunction] {
        [
            HostFunction(
                "sha256", "The SHA-256 of some bytes, in hex.", [.required("bytes", bytes, "What to digest.")],
                results: [.required("digest", .text(), "64 lower-case hex digits.")]
            ) { call in .string(Hex.encode(SHA256.hash(call.bytes("bytes")))) },
            HostFunction(
                "hmac_sha256", "The code that proves that the bytes were seen by somebody who has the key, in hex.",
                [
                    .required("key", bytes, "The shared secret."),
                    .required("bytes", bytes, "The message."),
                ], results: [.required("code", .text(), "64 lower-case hex digits.")],
                example: "crypto.equal(crypto.hmac_sha256(key, body), request.headers[\"x-signature\"])"
            ) { call in
                let key = Secret(call.bytes("key"))
                return .string(Hex.encode(HMACSHA256.code(for: call.bytes("bytes"), key: key)))
            },
            HostFunction(
                "equal", "Compares two secrets in a time that does not tell where they differ.",
                [.required("one", bytes, "A secret."), .required("other", bytes, "What should be the same.")],
                results: [.required("equal", .boolean, "Whether they are the same.")]
            ) { call in .bool(ConstantTime.equal(call.bytes("one"), call.bytes("other"))) },
        ]
    }

    // MARK: random values

    private static let randomOptions = Record(
        "host.crypto.RandomOptions", "The form of random bytes.",
        [
            .optional(
                "as", .choice(["hex", "base64", "base64url", "raw"]),
                "The text they come in: \"hex\" (the default), \"base64\", \"base64url\", or \"raw\" bytes.")
        ])

    private static var random: HostFunction {
        HostFunction(
            "random", "Random bytes that nobody can guess.",
            [
                .required("count", .integer(1...1024), "How many bytes; 16 are enough for any id."),
                .optional("options", .record(randomOptions), "The form they come in."),
            ], results: [.required("text", .text(), "The bytes in that form.")],
            example: "crypto.random(32, { as = \"base64url\" })"
        ) { call in
            let bytes = Random.bytes(Int(call.integer("count")))
            return switch call.options("options").text("as") {
            case "base64": .string(Base64.encode(bytes))
            case "base64url": .string(Base64URL.encode(bytes))
            case "raw": .bytes(bytes)
            default: .string(Hex.encode(bytes))
            }
        }
    }

    private static var uuid: HostFunction {
        HostFunction(
            "uuid", "A new random UUID (version 4).",
            results: [.required("uuid", .text(), "Such as \"9f1c…-…\", 36 characters.")]
        ) { _ in .string(UUIDText.random()) }
    }

    // MARK: bytes as text

    private static var codings: [HostFunction] {
        coding(
            "base64", "standard base64 with padding", "as+/AA==", { Base64.encode($0) }, { Base64.decode($0) })
            + coding(
                "base64url", "base64 for URLs, without padding", "as-_AA", { Base64URL.encode($0) },
                { Base64URL.decode($0) })
            + coding("hex", "hex digits", "00ff", { Hex.encode($0) }, { Hex.decode($0) })
    }

    private static func coding(
        _ name: String, _ what: String, _ example: String, _ encode: @escaping ([UInt8]) -> String,
        _ decode: @escaping (String) -> [UInt8]?
    ) -> [HostFunction] {
        [
            HostFunction(
                "\(name)_encode", "Writes bytes as \(what).", [.required("bytes", bytes, "Any bytes.")],
                results: [.required("text", .text(), "Their text.")]
            ) { call in .string(encode(call.bytes("bytes"))) },
            HostFunction(
                "\(name)_decode", "Reads bytes from \(what), strictly.",
                [.required("text", .text(), "Such as \"\(example)\".")],
                results: [.required("bytes", bytes, "The bytes.")], canFail: true
            ) { call in
                guard let bytes = decode(call.text("text")) else {
                    throw Fault(.invalidInput, "the text is not \(what)", hint: "as in \(example)")
                }
                return .bytes(bytes)
            },
        ]
    }
}
