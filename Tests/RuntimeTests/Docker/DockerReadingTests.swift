import Testing

@testable import Runtime

@Suite("Docker's texts and bytes")
struct DockerReadingTests {
    @Test(
        "DOCKER_HOST is read",
        arguments: [
            ("", "", "unix:/var/run/docker.sock"),
            ("unix:///run/user/1000/docker.sock", "", "unix:/run/user/1000/docker.sock"),
            ("tcp://box:2375", "", "http://box:2375"), ("tcp://box", "", "http://box:2375"),
            ("tcp://box", "/certs", "https://box:2376"), ("https://10.0.0.7:99", "/certs", "https://10.0.0.7:99"),
            ("tcp://box:80", "", "http://box"), ("unix://relative", "", nil), ("ssh://me@box", "", nil),
            ("box:2375", "", nil), ("tcp://", "", nil),
        ] as [(String, String, String?)])
    func address(host: String, certificates: String, expected: String?) {
        // A bad one has no address; the fault's text is the next test's.
        let read = try? DockerAddress(host: host, verifiesTLS: !certificates.isEmpty, certificates: certificates)
        #expect(read.map { $0.unixPath.map { "unix:\($0)" } ?? $0.base.origin } == expected)
    }

    @Test(
        "without an address it is the machine's socket, or the user's own where that cannot be used",
        arguments: [
            ([], "/var/run/docker.sock"), (["/var/run/docker.sock"], "/var/run/docker.sock"),
            (["/run/user/1000/docker.sock"], "/run/user/1000/docker.sock"),
            (["/run/user/1001/docker.sock"], "/var/run/docker.sock"),
            (["/var/run/docker.sock", "/run/user/1000/docker.sock"], "/var/run/docker.sock"),
        ] as [([String], String)])
    func usual(usable: [String], expected: String) {
        #expect(DockerAddress.usualPath(user: 1000) { usable.contains($0) } == expected)
    }

    @Test("which engines may be another machine's")
    func place() throws {
        for host in ["", "unix:///d.sock", "tcp://127.0.0.1:2375", "tcp://localhost:1", "tcp://[::1]:9"] {
            #expect(try DockerAddress(host: host).isHere, "\(host)")
        }
        #expect(try !DockerAddress(host: "tcp://box:2375").isHere)
    }

    @Test("TLS without certificates, and a socket's path that is too long, say what to set")
    func addressFaults() {
        let tls = #expect(throws: Fault.self) { try DockerAddress(host: "tcp://box", verifiesTLS: true) }
        #expect(tls?.message.contains("DOCKER_CERT_PATH") == true)
        #expect(throws: Fault.self) { try DockerAddress(host: "unix:///" + String(repeating: "x", count: 108)) }
    }

    @Test(
        "images' names are taken apart",
        arguments: [
            ("alpine", "alpine", "latest"), ("alpine:3", "alpine", "3"),
            ("box:5000/a/b", "box:5000/a/b", "latest"), ("box:5000/a/b:c", "box:5000/a/b", "c"),
            ("a/b@sha256:12", "a/b", "sha256:12"), ("a/b:tag@sha256:12", "a/b", "sha256:12"),
        ])
    func image(name: String, repository: String, tag: String) {
        let reference = ImageReference(name)
        #expect(reference.repository == repository && reference.tagOrDigest == tag)
    }

    @Test(
        "names that would lead elsewhere are refused", arguments: ["", "../x", "a/b", "-a", "a b", "a?b", "a%2fb", "ü"])
    func names(name: String) {
        #expect(throws: Fault.self) { try DockerName.checked(name, "container") }
    }

    @Test("images' names too", arguments: ["", "/a", "a//b", "a/../b", "a/./b", "a b", "a?x", "a#x", ":a"])
    func imageNames(name: String) {
        #expect(throws: Fault.self) { try DockerName.checked(image: name) }
    }

    @Test("versions are numbers, not text")
    func versions() {
        #expect(DockerVersion("1.9")! < DockerVersion("1.41")!)
        #expect(DockerVersion("1.41") == DockerVersion(1, 41))
        #expect(DockerVersion("1") == nil && DockerVersion("1.x") == nil && DockerVersion("1.2.3") == nil)
    }

    @Test("frames of a log are found however they are cut", arguments: [1, 2, 3, 7, 8, 9, 100])
    func frames(size: Int) throws {
        let bytes: [UInt8] =
            [1, 0, 0, 0, 0, 0, 0, 3, 97, 98, 99, 2, 0, 0, 0, 0, 0, 0, 1, 120, 1, 0, 0, 0, 0, 0, 0, 0, 1]
            + [0, 0, 0, 0, 0, 0, 1, 10]
        var splitter = LogSplitter()
        var output: [UInt8] = []
        var errors: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            try splitter.feed(Array(bytes[start..<min(start + size, bytes.count)])) { stream, part in
                if stream == .errors { errors += part } else { output += part }
            }
        }
        #expect(output == [97, 98, 99, 10] && errors == [120])
    }

    @Test("what is no frame is refused")
    func noFrame() {
        var splitter = LogSplitter()
        #expect(throws: Fault.self) { try splitter.feed(Array("plain text".utf8)) { _, _ in } }
    }

    @Test("a pull is told in few words")
    func pull() throws {
        var progress = PullProgress()
        var said: [String] = []
        var lines = [
            #"{"status":"Pulling from a/b","id":"latest"}"#, #"{"status":"Pulling fs layer","id":"l1"}"#,
            #"{"status":"Pulling fs layer","id":"l2"}"#,
        ]
        for part in 0...1000 {
            lines.append(
                #"{"status":"Downloading","id":"l1","progressDetail":{"current":\#(part * 1000),"total":1000000}}"#)
        }
        lines += [
            #"{"status":"Download complete","id":"l1"}"#, #"{"status":"Pull complete","id":"l1"}"#,
            #"{"status":"Already exists","id":"l2"}"#, #"{"status":"Status: Downloaded newer image"}"#,
        ]
        for line in lines { if let words = progress.take(try JSON.parse(line)) { said.append(words) } }
        #expect(said.count < 30 && said.count > 20)
        #expect(said.last?.hasSuffix("2 of 2 layers") == true)
    }
}
