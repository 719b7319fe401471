/// A container that is to be made. Whatever is ordered, it gets no new privileges, no capability that is not named, and
/// our labels.
public struct ContainerOrder: Sendable {
    public struct Mount: Sendable, Equatable {
        public enum Source: Sendable, Equatable {
            /// A directory of the engine's machine.
            case directory(String)
            /// A volume, or what is below a path in it.
            case volume(String, subpath: String?)
            case memory(bytes: Int)
        }

        public let source: Source
        public let target: String
        public var isReadOnly: Bool

        public init(_ source: Source, at target: String, isReadOnly: Bool = false) {
            self.source = source
            self.target = target
            self.isReadOnly = isReadOnly
        }
    }

    public var image: String
    /// The image's own when nil.
    public var entryPoint: [String]?
    public var command: [String]?
    /// Seen by everybody who may inspect it.
    public var environment: [String: String] = [:]
    public var directory: String?
    /// `uid:gid`; the image's own when nil.
    public var user: String?
    public var labels: [String: String] = [:]
    public var mounts: [Mount] = []
    /// By name or id; none at all when nil.
    public var network: String?
    /// Names beside its own on that network.
    public var aliases: [String] = []
    /// `name:address`; `host-gateway` is the engine's machine.
    public var extraHosts: [String] = []
    /// Published on the machine's loopback, on a port that the kernel chooses.
    public var ports: [Int] = []
    public var memory: Int?
    public var cpus: Double?
    public var processes: Int?
    public var isReadOnly = false
    public var capabilities: [String] = []
    /// A first process that reaps the others.
    public var hasInit = true
    /// One attached client may give it input, once.
    public var takesInput = false
    /// What its log may grow to, three files together.
    public var logBytes = 12 << 20

    public init(_ image: String) { self.image = image }

    func json(_ mark: DockerMark) throws -> JSONValue {
        var fields: JSONObject = ["Image": .string(image), "Labels": labels(mark), "Healthcheck": ["Test": ["NONE"]]]
        if let entryPoint { fields["Entrypoint"] = .array(entryPoint.map { .string($0) }) }
        if let command { fields["Cmd"] = .array(command.map { .string($0) }) }
        if let directory { fields["WorkingDir"] = .string(directory) }
        if let user { fields["User"] = .string(user) }
        let variables = environment.sorted { $0.key < $1.key }
        fields["Env"] = .array(variables.map { .string("\($0.key)=\($0.value)") })
        fields["ExposedPorts"] = .object(JSONObject(ports.map { ("\($0)/tcp", [:]) }))
        if takesInput {
            for name in ["AttachStdin", "OpenStdin", "StdinOnce"] { fields[name] = true }
        }
        fields["HostConfig"] = .object(try host())
        if let network, !aliases.isEmpty {
            let endpoint: JSONValue = ["Aliases": .array(aliases.map { .string($0) })]
            fields["NetworkingConfig"] = ["EndpointsConfig": .object(JSONObject([(network, endpoint)]))]
        }
        return .object(fields)
    }

    private func labels(_ mark: DockerMark) -> JSONValue {
        let all = labels.merging(mark.labels) { _, ours in ours }.sorted { $0.key < $1.key }
        return .object(JSONObject(all.map { ($0.key, .string($0.value)) }))
    }

    private func host() throws -> JSONObject {
        var host: JSONObject = [
            "NetworkMode": .string(network ?? "none"), "CapDrop": ["ALL"], "SecurityOpt": ["no-new-privileges"],
            "RestartPolicy": ["Name": "no"], "ReadonlyRootfs": .bool(isReadOnly), "Init": .bool(hasInit),
            "IpcMode": "private",
            "LogConfig": [
                "Type": "json-file", "Config": ["max-size": .string("\(max(logBytes / 3, 4096))"), "max-file": "3"],
            ],
        ]
        if !capabilities.isEmpty { host["CapAdd"] = .array(capabilities.map { .string($0) }) }
        if let memory {
            host["Memory"] = .integer(Int64(memory))
            // Without swap: a runner that may not hold more must not make the disk its memory.
            host["MemorySwap"] = .integer(Int64(memory))
        }
        if let cpus { host["NanoCpus"] = .integer(Int64(cpus * 1e9)) }
        if let processes { host["PidsLimit"] = .integer(Int64(processes)) }
        if !extraHosts.isEmpty { host["ExtraHosts"] = .array(extraHosts.map { .string($0) }) }
        let loopback: JSONValue = [["HostIp": "127.0.0.1", "HostPort": "0"]]
        if !ports.isEmpty { host["PortBindings"] = .object(JSONObject(ports.map { ("\($0)/tcp", loopback) })) }
        host["Mounts"] = .array(try mounts.compactMap(json))
        host["Tmpfs"] = .object(JSONObject(mounts.compactMap(memory)))
        return host
    }

    private func json(_ mount: Mount) throws -> JSONValue? {
        guard mount.target.hasPrefix("/"), !mount.target.split(separator: "/").contains("..") else {
            throw Fault(.invalidInput, "`\(mount.target)` is no place to mount something: it must be absolute")
        }
        var fields: JSONObject = ["Target": .string(mount.target), "ReadOnly": .bool(mount.isReadOnly)]
        switch mount.source {
        case .directory(let path):
            fields["Type"] = "bind"
            fields["Source"] = .string(path)
            fields["BindOptions"] = ["Propagation": "rprivate"]
        case .volume(let name, let subpath):
            fields["Type"] = "volume"
            fields["Source"] = .string(name)
            var options: JSONObject = ["NoCopy": true]
            if let subpath { options["Subpath"] = .string(subpath) }
            fields["VolumeOptions"] = .object(options)
        case .memory: return Optional.none
        }
        return .object(fields)
    }

    /// Memory is no mount to the Engine: only so it may hold programs that are run.
    private func memory(_ mount: Mount) -> (String, JSONValue)? {
        guard case .memory(let bytes) = mount.source else { return nil }
        return (mount.target, .string("rw,exec,nosuid,nodev,mode=1777,size=\(bytes)"))
    }
}
