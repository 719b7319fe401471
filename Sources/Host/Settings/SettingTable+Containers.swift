import Glibc
import Runtime

// Settings of runners in containers, and of the Docker Engine that they are on.

extension SettingTable {
    static let dockerHost = Setting(
        name: "DOCKER_HOST", fallback: "", accepts: .dockerHost,
        purpose:
            "The Docker Engine: `unix:///path` or `tcp://host:2376`; when empty `/var/run/docker.sock`, or where that cannot be used "
            + "`/run/user/<uid>/docker.sock`, the user's own rootless one.")
    static let dockerTLS = Setting(
        name: "DOCKER_TLS_VERIFY", fallback: "false", accepts: .flag,
        purpose: "Reaches a `tcp://` engine with TLS, under the certificates of `DOCKER_CERT_PATH`.")
    static let dockerCertificates = Setting(
        name: "DOCKER_CERT_PATH", fallback: "", accepts: .optionalPath,
        purpose: "Directory with `ca.pem`, `cert.pem` and `key.pem` for that.")
    static let runnerImage = Setting(
        name: "RUNNER_IMAGE", fallback: "ghcr.io/anomalyco/opencode:latest", accepts: .text,
        purpose: "Image of container runners. Pulled when it is not there; once it is, that very one is used until "
            + "somebody pulls it anew.")
    static let runnerNetwork = Setting(
        name: "RUNNER_NETWORK", fallback: "", accepts: .text,
        purpose: "Container network of the runners. When empty, each gets one of its own, so that they cannot reach "
            + "each other.")
    static let runnerSubnets = Setting(
        name: "RUNNER_SUBNETS", fallback: "10.213.0.0/16", accepts: .subnets,
        purpose: "Where those networks are cut from (16 addresses each) once Docker's own ranges, about thirty, are "
            + "used up.")
    static let runnerUser = Setting(
        name: "RUNNER_USER", fallback: "", accepts: .userNumbers,
        purpose: "User and group of runners in containers, as `1000:1000`. When empty, those of Perigee itself, or "
            + "1000:1000 where it runs as root: then workspaces are given to that user.")
    static let runnerReadOnly = Setting(
        name: "RUNNER_READ_ONLY", fallback: "true", accepts: .flag,
        purpose: "Runners may write in their workspace, their own data and `/tmp` only. Set it to false for an image "
            + "that must write elsewhere.")
    static let hostWorkspaces = Setting(
        name: "HOST_WORKSPACES_DIR", fallback: "", accepts: .optionalPath,
        purpose: "Where `WORKSPACE_ROOT` is on Docker's machine, when Perigee runs in a container and does not find "
            + "out by itself.")
    static let workspaceVolume = Setting(
        name: "WORKSPACE_VOLUME", fallback: "", accepts: .text,
        purpose: "The volume that is mounted at `WORKSPACE_ROOT`, in the same case.")
    static let dataVolume = Setting(
        name: "OPENCODE_DATA_VOLUME", fallback: "", accepts: .text,
        purpose: "The volume that is mounted at `STATE_DIR`, in the same case.")

    static let containers: [any AnySetting] = [
        dockerHost, dockerTLS, dockerCertificates, runnerImage, runnerNetwork, runnerSubnets, runnerUser,
        runnerReadOnly, hostWorkspaces, workspaceVolume, dataVolume,
    ]
}

extension Accepted where Value == String {
    static let dockerHost = Accepted(description: "unix:///path, tcp://host:port, or empty") { text in
        // What an address cannot be made of is told when it is used; here its form is enough.
        text.isEmpty || ["unix:///", "tcp://", "http://", "https://"].contains(where: text.hasPrefix) ? text : nil
    }
    static let userNumbers = Accepted(description: "two numbers such as 1000:1000, or empty") { text in
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        return text.isEmpty || parts.count == 2 && parts.allSatisfy { UInt32($0) != nil } ? text : nil
    }
    static let subnets = Accepted(description: "an IPv4 network such as 10.213.0.0/16, from /8 to /24") { text in
        SubnetPool(text) == nil ? nil : text
    }
}

extension Settings {
    func docker() throws -> DockerAddress {
        let host = self[SettingTable.dockerHost]
        guard !host.isEmpty else {
            return try DockerAddress(
                unixPath: DockerAddress.usualPath(user: UInt32(getuid())) { access($0, R_OK | W_OK) == 0 })
        }
        return try DockerAddress(
            host: host, verifiesTLS: self[SettingTable.dockerTLS],
            certificates: self[SettingTable.dockerCertificates])
    }
}
