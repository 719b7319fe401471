import Glibc
public import Runtime
import Testing

@_silgen_name("setns") private func setns(_ descriptor: Int32, _ kind: Int32) -> Int32

/// The real Docker Engine of the tests (`Tests/docker-engine`): one for the test process, made by the first test that needs
/// it, and gone with the process. It is in a network of its own. `rootless` is another one, for one test.
@Loop
public final class DockerBed {
    private enum State {
        case unknown
        case there(DockerBed)
        case missing
    }

    private static var state = State.unknown
    private static let script = TestEnvironment.root + "/Tests/docker-engine"
    private static let rootlessScript = TestEnvironment.root + "/Tests/docker-rootless"
    /// Whom `Tests/docker-rootless` runs it as.
    private static let rootlessUser: UInt32 = 64231
    private static let newNetwork: Int32 = 0x4000_0000

    public let socket: String
    /// Where its files are; it reads certificates in `tls`.
    public let directory: String
    /// Who runs it, if that is not root: whoever uses it as intended is that user too.
    public let owner: UInt32?
    private let process: Subprocess
    /// A process in its namespaces.
    private let inhabitant: Int32
    private var unread = ""
    private var images: Set<String> = []
    private let home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)

    /// Nil where none can be had; then that has been said.
    public static func shared(for subject: String) async throws -> DockerBed? {
        switch state {
        case .there(let bed): return bed
        case .missing: return TestEnvironment.require(nil, subject, "there is no Docker Engine for tests")
        case .unknown: break
        }
        let check = try await Subprocess.run([script, "check"])
        guard check.succeeded else {
            state = .missing
            return TestEnvironment.require(nil, subject, check.outputText)
        }
        let bed = try await start(script, "/tmp/perigee-docker-\(getpid())")
        state = .there(bed)
        try await bed.image("perigee-test/busybox:1", of: [])
        return bed
    }

    /// Gone with its last holder. Nil where none can be had; then that has been said.
    public static func rootless(for subject: String) async throws -> DockerBed? {
        let check = try await Subprocess.run([rootlessScript, "check"])
        guard check.succeeded else { return TestEnvironment.require(nil, subject, check.outputText) }
        return try await start(rootlessScript, "/tmp/perigee-rootless-\(getpid())", owner: rootlessUser)
    }

    /// The daemon's sockets lie in the directory, and their paths must stay short.
    private static func start(_ script: String, _ directory: String, owner: UInt32? = nil) async throws -> DockerBed {
        let process = try await Subprocess.start(
            [script, "serve", directory], .init(input: .stream, output: .stream, errors: .stream))
        var text = ""
        while !text.contains("ready\n") {
            guard let piece = try await process.output?.next() else {
                var said: [UInt8] = []
                while let piece = try await process.errors?.next() { said += piece }
                throw Fault(
                    .unavailable, "the engine for tests did not start: \(String(decoding: said, as: UTF8.self))")
            }
            text += String(decoding: piece, as: UTF8.self)
        }
        let words = text.split(whereSeparator: \.isWhitespace)
        guard words.count == 3, words[0] == "engine", let pid = Int32(words[1]) else {
            throw Fault(.internal, "the engine for tests said \(text)")
        }
        return DockerBed(directory, process, pid, owner)
    }

    private init(_ directory: String, _ process: Subprocess, _ inhabitant: Int32, _ owner: UInt32?) {
        self.directory = directory
        self.owner = owner
        socket = "\(directory)/\(owner == nil ? "" : "run/")docker.sock"
        self.process = process
        self.inhabitant = inhabitant
    }

    /// For one that no other test uses.
    public func close() async throws {
        process.finishInput()
        _ = try await process.value()
    }

    /// As its owner, or as another one's.
    public func engine(owner: String = "test", patience: DockerPatience = DockerPatience()) throws -> DockerEngine {
        DockerEngine(try DockerAddress(unixPath: socket), mark: DockerMark(owner: owner), patience: patience)
    }

    /// A word that `Tests/docker-engine` knows, as `crash`. Returns when it is done.
    public func order(_ word: String) async throws {
        try await process.write(Array("\(word)\n".utf8))
        while !unread.contains("\n") {
            guard let piece = try await process.output?.next() else {
                throw Fault(.unavailable, "the engine for tests has ended")
            }
            unread += String(decoding: piece, as: UTF8.self)
        }
        let answer = unread.prefix { $0 != "\n" }
        unread = String(unread.dropFirst(answer.count + 1))
        guard answer == "done" else { throw Fault(.internal, "the engine for tests could not \(word)") }
    }

    /// As it is started with these words while this runs, and as usual afterwards.
    public func restarted(_ word: String, _ body: () async throws -> Void) async throws {
        try await order("stop")
        try await order(word)
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await body()) } catch { outcome = .failure(error) }
        try await order("stop")
        try await order("start")
        try outcome.get()
    }

    /// An image with these programs, made once. `isBare` has no shell and no other tools.
    public func image(_ tag: String, of programs: [String], isBare: Bool = false) async throws {
        guard images.insert(tag).inserted else { return }
        let made = try await Subprocess.run(
            [DockerBed.script, "image", socket, tag] + programs,
            .init(environment: .inherit(["PATH"], adding: isBare ? ["PERIGEE_IMAGE_BARE": "1"] : [:])))
        guard made.succeeded else { throw Fault(.internal, "no image \(tag): \(made.errorText)") }
    }

    /// Connections of the loop reach the engine's network while this runs: addresses of containers, and what is
    /// published on its loopback.
    public func inside<Value>(_ body: () async throws -> Value) async throws -> Value {
        let there = open("/proc/\(inhabitant)/ns/net", O_RDONLY | O_CLOEXEC)
        guard there >= 0, setns(there, DockerBed.newNetwork) == 0 else {
            throw Fault.system("enter", "the network of the engine for tests", errno: errno)
        }
        Glibc.close(there)
        defer { precondition(setns(home, DockerBed.newNetwork) == 0, "there is no way back to the own network") }
        return try await body()
    }

    /// Words before a program that is to be in its network, as its owner, and in the tests' own view of files and processes.
    public var launcher: [String] {
        let user = owner.map { ["setpriv", "--reuid", "\($0)", "--regid", "\($0)", "--clear-groups", "--"] } ?? []
        return ["nsenter", "--target", "\(inhabitant)", "--net", "--"] + user
    }

    /// What it has been asked so far, as `GET /v1.41/info`, by its own log.
    public func requests() async throws -> [String] {
        let log = try await Subprocess.run([
            "sed", "-n", "s/.*Calling \\([A-Z]* [^\"]*\\).*/\\1/p", "\(directory)/dockerd.log",
        ])
        return log.outputText.split(separator: "\n").map { String($0) }
    }

    /// Docker's own program, at this engine.
    @discardableResult
    public func docker(_ words: [String]) async throws -> String {
        let result = try await Subprocess.run(["docker", "-H", "unix://\(socket)"] + words)
        guard result.succeeded else {
            throw Fault(.internal, "docker \(words.joined(separator: " ")): \(result.errorText)")
        }
        return result.outputText
    }
}
