import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("plans of container runners")
@Loop
struct ContainerPlanTests {
    @Test("the first free network of a pool touches none of those in use")
    func subnets() {
        let pool = SubnetPool("10.213.0.0/24")!
        #expect(pool.free([]) == "10.213.0.0/28")
        #expect(pool.free(["10.213.0.0/28", "172.17.0.0/16", "fd00::/8", "nonsense/9"]) == "10.213.0.16/28")
        #expect(pool.free(["10.213.0.0/25"]) == "10.213.0.128/28")
        #expect(pool.free(["10.213.0.20/32", "10.213.0.0/30"]) == "10.213.0.32/28")
        #expect(pool.free(["10.0.0.0/8"]) == nil && pool.free(["0.0.0.0/0"]) == nil)
    }

    @Test(
        "what is no range is none",
        arguments: ["", "10.0.0.0", "10.0.0.0/7", "10.0.0.0/25", "10.0.0/16", "10.0.0.256/16", "x/16", "10.0.0.0/x"])
    func pools(text: String) { #expect(SubnetPool(text) == nil) }

    @Test("paths are found by the longest mount, and settings come before what was found out")
    func mounts() throws {
        let map = MountMap([("/", .directory("/")), ("/state/", .volume("data")), ("/state/w", .directory("/srv/w"))])
        func place(_ path: String) throws -> String {
            let (source, rest) = try map.place(of: path)
            return "\(source) \(rest)"
        }
        #expect(try place("/state/w/ann") == "directory(\"/srv/w\") ann")
        #expect(try place("/state/w") == "directory(\"/srv/w\") ")
        #expect(try place("/state/ww") == "volume(\"data\") ww")
        #expect(try place("/states/x") == "directory(\"/\") states/x")
        let contained = MountMap(mounts: [], settings: [("/w", .volume("v")), ("/w", .volume("later"))])
        #expect(try contained.place(of: "/w/a/b").source == .volume("v"))
        let fault = #expect(throws: Fault.self) { try contained.place(of: "/state/x") }
        #expect(fault?.hint?.contains("HOST_WORKSPACES_DIR") == true)
    }

    @Test(
        "whatever a secret has in it, a shell gives it on unchanged",
        arguments: [
            "", "plain", "a b  c", "it's", "'", "''\n'\n", "$HOME `id` $(id) \\ \\n \"x\" !", "two\nlines\n", "ü€",
            ".\n.\n", "=x", "-n",
        ])
    func secrets(value: String) async throws {
        let bytes = try SecretInput.lines(["FIRST": Secret("1"), "THE_KEY": Secret(value)])
        for shell in [["/bin/sh"], ["busybox", "sh"]]
        where shell.count == 1 || TestEnvironment.program("busybox", for: "busybox") != nil {
            let result = try await Subprocess.run(
                shell + [
                    "-c", SecretInput.script, "sh", "sh", "-c", "printf '%s|%s' \"$THE_KEY\" \"$FIRST$L$N$1\"", "x",
                    "arg",
                ],
                .init(environment: .inherit(["PATH"]), input: .bytes(bytes)))
            #expect(result.outputText == "\(value)|1arg")
        }
    }

    @Test("names that would be more than a name are refused", arguments: ["", "1A", "A B", "A=B", "A;id", "Ä", "A\n"])
    func secretNames(name: String) {
        #expect(throws: Fault.self) { try SecretInput.lines([name: Secret("x")]) }
    }

    @Test("a part of a volume is mounted as such where the engine can, else by its place")
    func parts() throws {
        typealias Part = MountMap.Part
        for takes in [true, false] {
            #expect(Part(.directory("/srv"), "a/b", takesSubpaths: takes) == .mount(.directory("/srv/a/b")))
            #expect(Part(.directory("/"), "a", takesSubpaths: takes) == .mount(.directory("/a")))
            #expect(Part(.directory("/srv"), "", takesSubpaths: takes) == .mount(.directory("/srv")))
            #expect(Part(.volume("v"), "", takesSubpaths: takes) == .mount(.volume("v", subpath: nil)))
        }
        #expect(Part(.volume("v"), "a/b", takesSubpaths: true) == .mount(.volume("v", subpath: "a/b")))
        #expect(Part(.volume("v"), "a/b", takesSubpaths: false) == .byPlace(volume: "v", rest: "a/b"))

        func volume(_ driver: String, _ options: String = "null") throws -> DockerVolume {
            DockerVolume(
                try JSON.parse(
                    #"{"Name":"v","Driver":"\#(driver)","Mountpoint":"/var/lib/docker/volumes/v/_data","Options":\#(options)}"#
                ))
        }
        #expect(try Part.directory(in: volume("local"), "a") == .directory("/var/lib/docker/volumes/v/_data/a"))
        for other in [try volume("nfs"), try volume("local", #"{"type":"nfs"}"#)] {
            let fault = #expect(throws: Fault.self) { try Part.directory(in: other, "a") }
            #expect(fault?.isRetryable == false && fault?.hint?.contains("HOST_WORKSPACES_DIR") == true)
        }
    }

    @Test("a version decides it: before 1.45 none can")
    func versions() {
        for (text, can) in [("1.40", false), ("1.44", false), ("1.45", true), ("1.47", true)] {
            #expect((DockerVersion(text)! >= DockerVersion.volumeSubpath) == can)
        }
    }

    @Test("the own container is found in what Docker mounts there")
    func ownContainer() {
        let id = String(repeating: "0f", count: 32)
        let mounts = """
            700 600 0:50 / / rw - overlay overlay rw,lowerdir=/var/lib/docker/overlay2/l/A
            710 700 8:1 /var/lib/docker/containers/\(id)/hostname /etc/hostname rw - ext4 /dev/sda1 rw
            """
        #expect(OwnContainerName.id(mounts: mounts) == id)
        #expect(OwnContainerName.id(mounts: "710 700 8:1 /x /etc/hosts rw - ext4 /dev/sda1 rw") == nil)
    }

    @Test("the program gets the words of a server, where it lacks them")
    func commands() throws {
        func command(_ given: [String], _ entry: String) throws -> [String] {
            let image = DockerImage(try JSON.parse(#"{"Id":"sha256:1","Config":{"Entrypoint":\#(entry)}}"#))
            let spec = RunnerSpec(
                name: "n", workspace: "w", keySignature: "k", directory: "/w", privateDirectory: "/p", image: "i",
                command: given, environment: ["HOME": "/elsewhere"], secrets: ["A": Secret("hidden")], signature: "s")
            var plan = RunnerPlan(
                spec: spec, image: image, user: "1:1", isReadOnly: true, network: "n", isPublished: true, token: "t",
                mounts: [])
            #expect(plan.order.environment["HOME"] == "/data/home/w/k" && plan.order.environment["A"] == nil)
            plan.hidesSecrets = false
            #expect(plan.order.environment["A"] == "hidden" && plan.order.entryPoint == [""] && !plan.order.takesInput)
            return plan.command
        }
        let rest = ["serve", "--hostname", "0.0.0.0", "--port", "4096"]
        #expect(try command([], #"["opencode"]"#) == ["opencode"] + rest)
        #expect(try command([], "null") == ["opencode"] + rest)
        #expect(try command(["bun", "x"], #"["opencode"]"#) == ["bun", "x"] + rest)
        #expect(
            try command(["a", "serve", "--port=1"], "null") == ["a", "serve", "--port=1", "--hostname", "0.0.0.0"])
    }
}
