import Runtime
import TestSupport
import Testing

/// Runs a test against the real engine, with a deadline against hanging, and removes what it left.
@Loop
func withDocker(
    _ subject: String = "the Docker client", patience: DockerPatience = DockerPatience(),
    _ body: @Loop (DockerBed, DockerEngine) async throws -> Void
) async throws {
    guard let bed = try await DockerBed.shared(for: subject) else { return }
    let engine = try bed.engine(patience: patience)
    await Deadline.within(.seconds(240)) {
        do { try await body(bed, engine) } catch { Issue.record(error) }
    }
    do {
        for container in try await engine.containers(all: true, labels: [DockerMark.ownerLabel]) {
            try await bed.engine(owner: container.labels[DockerMark.ownerLabel]!).own(container: container.id).remove()
        }
        for network in try await engine.networks(labels: ["\(DockerMark.ownerLabel)=test"]) {
            try await engine.own(network: network.id).remove()
        }
        for volume in try await engine.volumes(labels: ["\(DockerMark.ownerLabel)=test"]) {
            try await engine.own(volume: volume.name).remove()
        }
    } catch {
        Issue.record(error, "cleaning up")
    }
    await engine.close()
}

extension ContainerOrder {
    /// A busybox that runs a line of shell.
    static func shell(_ line: String, _ change: (inout ContainerOrder) -> Void = { _ in }) -> ContainerOrder {
        var order = ContainerOrder("perigee-test/busybox:1")
        order.command = ["sh", "-c", line]
        change(&order)
        return order
    }
}

/// The kind of fault that this ends in.
@Loop
func kind(_ body: @Loop () async throws -> Void) async -> Fault.Kind? {
    do {
        try await body()
        return nil
    } catch {
        return Fault(error).kind
    }
}
