import Runtime

/// The networks of runners: one for each, so that none reaches another.
@Loop
struct RunnerNetworks {
    let docker: DockerEngine
    let pool: SubnetPool

    /// Ours of that name, or a new one. Somebody else's is a conflict.
    func make(_ name: String, labels: [String: String]) async throws -> OwnNetwork {
        if let known = try await known(name) { return known }
        do {
            return try await docker.create(network: name, labels: labels)
        } catch let fault as Fault where fault.kind == .overBudget {
            return try await cut(name, labels, fault)
        }
    }

    /// Docker lets two have one name where two requests meet, such as that of a process of ours that was killed and its
    /// successor's: one of them stays.
    private func known(_ name: String) async throws -> OwnNetwork? {
        let all = try await ours(name)
        for surplus in all.dropFirst() { try await docker.own(network: surplus.id).remove() }
        do {
            return try await docker.own(network: all.first?.id ?? name)
        } catch let fault as Fault where fault.kind == .notFound {
            return nil
        }
    }

    private func ours(_ name: String) async throws -> [DockerNetwork] {
        try await docker.networks(labels: mark).filter { $0.name == name }
    }

    private var mark: [String] { docker.mark.labels.map { "\($0.key)=\($0.value)" } }

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
                + "nobody uses with `docker network prune`", isRetryable: false)
    }

    /// Removes those whose runner is gone, however it went. `kept` are about to be used.
    func sweep(keeping kept: Set<String>, ownContainer: String?) async throws {
        let left = try await docker.networks(labels: mark + ["\(RunnerLabel.runner)=true"])
        let used = Set(try await docker.containers(all: true, labels: mark).map(\.name))
        for (name, networks) in Dictionary(grouping: left, by: \.name) where !kept.contains(name) {
            do {
                if !used.contains(name) {
                    try await remove(name, ownContainer: ownContainer)
                } else if networks.count > 1 {
                    try await removeUnused(networks)
                }
            } catch let fault as Fault where fault.kind == .conflict {
                // Somebody is on it by now, or just leaves.
            }
        }
    }

    private func removeUnused(_ networks: [DockerNetwork]) async throws {
        for network in networks where try await docker.network(network.id).containers.isEmpty {
            try await docker.own(network: network.id).remove()
        }
    }

    /// With Perigee's own container taken off it. What is gone already is no error.
    func remove(_ name: String, ownContainer: String?) async throws {
        do {
            let all = try await ours(name).map(\.id)
            // By its name it is somebody else's, or nobody's.
            for id in all.isEmpty ? [name] : all {
                let network = try await docker.own(network: id)
                if let ownContainer, try await docker.network(network.id).containers.values.contains(ownContainer) {
                    try await network.disconnect(ownContainer)
                }
                try await network.remove()
            }
        } catch let fault as Fault where fault.kind == .notFound {}
    }
}
