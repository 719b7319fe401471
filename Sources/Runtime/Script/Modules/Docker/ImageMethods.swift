import Glibc
import LuaBridge

/// The images of an engine, as a group of functions.
@Loop
final class DockerImages {
    private let engine: DockerEngine
    private let roots: [FileRoot]

    init(_ engine: DockerEngine, roots: [FileRoot]) {
        self.engine = engine
        self.roots = roots
    }

    private static func engine(of call: HostCall) -> DockerEngine { (call.receiver as! DockerImages).engine }

    private static let name = Field.required("name", .text(max: 512), "Its name or id.")
    private static let one = Field.required("image", .record(DockerTables.image), "The image.")

    static var methods: [HostFunction] {
        [
            HostFunction(
                waiting: "list", "Lists images.",
                results: [.required("images", .list(.record(DockerTables.image)), "The newest first.")]
            ) { call in
                let engine = engine(of: call)
                return .array(try await engine.images().map { DockerTables.value($0, engine.mark) })
            },
            HostFunction(waiting: "inspect", "Returns an image.", [name], results: [one]) { call in
                let engine = engine(of: call)
                return DockerTables.value(try await engine.image(call.text("name")), engine.mark)
            },
            HostFunction(
                waiting: "pull", "Fetches an image from its registry. Give it a deadline.", [name], results: [one],
                example: #"local image = assert(docker.images():pull("alpine:3"))"#
            ) { call in
                let engine = engine(of: call)
                return DockerTables.value(try await engine.pull(call.text("name")), engine.mark)
            },
            load,
            HostFunction(
                waiting: "remove", "Removes an image that was built with Perigee's label.", [name],
                results: [DockerModule.done]
            ) { call in
                try await engine(of: call).own(image: call.text("name")).remove()
                return true
            },
        ]
    }

    private static var load: HostFunction {
        HostFunction(
            waiting: "load", "Takes in the images of an archive that `docker save` made.",
            [.required("path", .text(max: 4096), "The file, as `host.fs` names it.")], results: [DockerModule.done],
            example: #"assert(docker.images():load("data/agent.tar"))"#
        ) { call in
            let group = call.receiver as! DockerImages
            let place = try FilePlace(call.text("path"), in: group.roots)
            let file = try await BlockingPool.shared.run("opening \(place.text)") { try FileWork(place).open(O_RDONLY) }
            try await group.engine.load(
                .stream(length: nil) {
                    try await BlockingPool.shared.run("reading \(place.text)") { try piece(of: file, place) }
                })
            return true
        }
    }

    private nonisolated static func piece(of file: Descriptor, _ place: FilePlace) throws -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 256 << 10)
        let count = bytes.withUnsafeMutableBytes { read(file.value, $0.baseAddress, $0.count) }
        guard count >= 0 else { throw place.fault("read", errno: errno) }
        return count == 0 ? nil : Array(bytes.prefix(count))
    }
}
