import Runtime

/// The networks of runners: one for each, so that none reaches another.
@Loop
struct RunnerNetworks {
    let docker: DockerEngine
    let pool: SubnetPool

    /// Ours of that name, or a new one. Somebody else's is a conflict.
    func make(_ name: String, labels: [String: String]) async throws -> OwnNetwork {
        do {
            return try await docker.own(network: name)
        } catch let fault as Fault where fault.kind == .notFound {}
        do {
            return try await docker.create(network: name, labels: labels)
        } catch let fault as Fault where fault.kind == .overBudget {
            return try await cut(name, labels, fault)
        }
    }

    /// Docker has no range left: ours has. Another start may take the same one meanwhile, so that a few are tried.
    private func cut(_ name: String, _ labels: [String: String], _ first: Fault) async throws -> OwnNetwork {
        var used = try await docker.networks().flatMap(\.subnets)
        for _ in 0..<8 {
            guard let subnet = pool.free(used) else { break }
            do {
                return try await docker.create(network: name, labels: labels, subnet: subnet)
            } catch let fault as Fault where fault.kind == .overBudget {
                used.append(subnet)
            }
        }
        throw Fault(
            .overBudget, first.message,
            hint: "there is no room for another runner's network: widen RUNNER_SUBNETS, or remove networks that "
                + "nobody uses with `docker network prune`")
    }

    /// Removes those whose runner is gone, however it went. `kept` are about to be used.
    func sweep(keeping kept: Set<String>, ownContainer: String?) async throws {
        let mark = docker.mark.labels.map { "\($0.key)=\($0.value)" }
        let left = try await docker.networks(labels: mark + ["\(RunnerLabel.runner)=true"]).map(\.name)
        let used = try await docker.containers(all: true, labels: mark).map(\.name)
        for name in Set(left).subtracting(used).subtracting(kept) {
            try await remove(name, ownContainer: ownContainer)
        }
    }

    /// With Perigee's own container taken off it. What is gone already is no error.
    func remove(_ name: String, ownContainer: String?) async throws {
        do {
            let network = try await docker.own(network: name)
            if let ownContainer, try await docker.network(network.id).containers.values.contains(ownContainer) {
                try await network.disconnect(ownContainer)
            }
            try await network.remove()
        } catch let fault as Fault where fault.kind == .notFound {}
    }
}
