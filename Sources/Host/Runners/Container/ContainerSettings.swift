import Glibc
import Runtime

/// What containers of runners have in common.
struct ContainerSettings: Sendable {
    var network = ""
    var subnets = SubnetPool("10.213.0.0/16")!
    /// `uid:gid`, or empty to find out.
    var user = ""
    var isReadOnly = true
    /// What the settings know of where Perigee's directories are on Docker's machine.
    var mounts: [(prefix: String, source: MountMap.Source)] = []
    /// Perigee's own container; nil to find out.
    var ownContainer: String?
    /// How long making and starting one may take, an image's pull apart.
    var patience = Duration.seconds(90)
    /// Twice as long as Docker gives its containers when it is stopped.
    var shutdown = Duration.seconds(30)

    init() {}

    init(_ settings: Settings, workspaceRoot: String) {
        network = settings[SettingTable.runnerNetwork]
        subnets = SubnetPool(settings[SettingTable.runnerSubnets]) ?? subnets
        user = settings[SettingTable.runnerUser]
        isReadOnly = settings[SettingTable.runnerReadOnly]
        let host = settings[SettingTable.hostWorkspaces]
        let volume = settings[SettingTable.workspaceVolume]
        if !host.isEmpty {
            mounts.append((workspaceRoot, .directory(host)))
        } else if !volume.isEmpty {
            mounts.append((workspaceRoot, .volume(volume)))
        }
        let data = settings[SettingTable.dataVolume]
        if !data.isEmpty { mounts.append((settings.stateDirectory, .volume(data))) }
    }
}

/// What is true of this machine for all runners, found out once.
struct ContainerSurroundings: Sendable {
    let map: MountMap
    /// Perigee's own container, when it runs in one of this engine.
    let ownContainer: String?
    /// `uid:gid` of runners.
    let user: String
    /// Given to runners before they start; nil where everything is Perigee's own user's.
    let owner: (user: uid_t, group: gid_t)?
    /// Whether the engine's bridges can be those of this machine: not in a virtual machine, and not in a rootless
    /// engine's own network.
    let mayShareBridges: Bool

    @Loop
    static func look(_ docker: DockerEngine, _ settings: ContainerSettings) async throws -> ContainerSurroundings {
        let found = try await BlockingPool.shared.run("looking for the own container") { OwnContainerName.find() }
        var own: DockerContainerDetails?
        if let name = settings.ownContainer ?? found {
            do {
                own = try await docker.container(name)
            } catch let fault as Fault where fault.kind == .notFound && settings.ownContainer == nil {
                // In a container, but not of this engine: paths are as they are, and ports are published.
            }
        }
        let info = try await docker.info()
        let (user, owner) = chosenUser(settings.user, isRootless: info.isRootless)
        let isNear = docker.address.unixPath != nil && !info.isRootless && !info.system.contains("Docker Desktop")
        guard let own else {
            let map = MountMap(settings.mounts + [("/", .directory("/"))])
            return ContainerSurroundings(map: map, ownContainer: nil, user: user, owner: owner, mayShareBridges: isNear)
        }
        return ContainerSurroundings(
            map: MountMap(mounts: own.mounts, settings: settings.mounts), ownContainer: own.id, user: user,
            owner: owner, mayShareBridges: false)
    }

    /// In a rootless engine root is the user who runs it, and every other number somebody whom nobody knows.
    private static func chosenUser(_ text: String, isRootless: Bool) -> (String, (user: uid_t, group: gid_t)?) {
        if text.isEmpty, isRootless { return ("0:0", nil) }
        if text.isEmpty, getuid() != 0 { return ("\(getuid()):\(getgid())", nil) }
        let chosen = text.isEmpty ? "1000:1000" : text
        let parts = chosen.split(separator: ":").compactMap { UInt32($0) }
        guard getuid() == 0, parts.count == 2, parts[0] != 0 else { return (chosen, nil) }
        return (chosen, (parts[0], parts[1]))
    }
}
