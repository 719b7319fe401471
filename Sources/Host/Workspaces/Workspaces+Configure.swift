import Runtime

/// How an agent gets at a provider key that its configuration only refers to.
enum KeyDelivery: Sendable {
    /// From the environment in which its runner was started.
    case environment
    /// From a file outside of the workspace that only this program's user may read.
    case files
}

extension Workspaces {
    /// Merges what is wanted into the workspace's `opencode.json`; true when that changed the file, so that the agent
    /// has to read it anew. A file that only a person should touch is left alone, with a line in the log.
    func configure(_ workspace: Workspace, wanted: JSONObject, override: Bool = false) async throws -> Bool {
        let id = workspace.id
        try await refuseKeys(in: wanted, of: id)
        return try await turns.run(id) {
            let record = try await record(id)
            let kept = try await store.read { try $0.one(WorkspacesQueries.config, id) }
            var base = JSONObject()
            if let kept, case .object(let members)? = try JSON.parse(kept).value { base = members }
            let places = places
            let plan = try await BlockingPool.shared.run("configuration of \(id)") { [base] in
                try places.configure(record.folder, base: base, wanted: wanted, override: override)
            }
            switch plan {
            case .leave(let reason):
                log.warning(
                    "the agent's configuration is left alone: \(reason)",
                    ["workspace": LogValue(id), "directory": LogValue(workspace.directory)])
                return false
            case .same(let ours):
                try await keep(ours, base, id)
                return false
            case .write(_, let ours):
                try await keep(ours, base, id)
                return true
            }
        }
    }

    /// The part of a configuration that tells the agent where its keys are. By files, they are there when this returns.
    func keyReferences(of workspace: Workspace, by delivery: KeyDelivery) async throws -> JSONObject {
        let (places, id) = (places, workspace.id)
        let keys = try await effectiveKeys(of: id)
        if case .files = delivery {
            try await turns.run(id) {
                try await BlockingPool.shared.run("keys of \(id)") { try places.writeKeys(keys, of: id) }
            }
        }
        let providers = keys.providers.map { provider -> (String, JSONValue) in
            let place =
                switch delivery {
                case .environment: "{env:\(provider.variable)}"
                case .files: "{file:\(places.keyFile(provider, of: id))}"
                }
            return (provider.rawValue, ["options": ["apiKey": .string(place)]])
        }
        return providers.isEmpty ? [:] : ["provider": .object(JSONObject(providers))]
    }

    private func keep(_ ours: JSONObject, _ base: JSONObject, _ id: String) async throws {
        guard ours != base else { return }
        let text = String(decoding: try JSON.encode(JSONValue.object(ours)), as: UTF8.self)
        try await store.write { try $0.run(WorkspacesQueries.setConfig, text, id) }
    }

    /// The file lies where the agent, and whatever it runs, can read it.
    private func refuseKeys(in wanted: JSONObject, of id: String) async throws {
        let keys = try await effectiveKeys(of: id)
        let text = String(decoding: try JSON.encode(JSONValue.object(wanted)), as: UTF8.self)
        for provider in keys.providers {
            guard let key = keys[provider]?.reveal(), key.utf8.count >= 8, text.contains(key) else { continue }
            throw Fault(
                .invalidInput, "the configuration of workspace \(id) would hold the \(provider.label) key itself",
                hint: "refer to it as {env:\(provider.variable)}")
        }
    }
}

extension WorkspacePlaces {
    private static let json = "opencode.json"
    private static let jsonc = "opencode.jsonc"

    /// Reads, merges and writes. Somebody who saves the file in between is read again.
    func configure(_ folder: String, base: JSONObject, wanted: JSONObject, override: Bool) throws -> ConfigPlan {
        let workspace = try workspace(folder)
        var last = ConfigPlan.leave("it changes all the time")
        for _ in 0..<5 {
            let json: [UInt8]?
            let jsonc: [UInt8]?
            do {
                json = try workspace.read(WorkspacePlaces.json, limit: ConfigPlan.limit)
                jsonc = try workspace.read(WorkspacePlaces.jsonc, limit: ConfigPlan.limit)
            } catch let fault as Fault where fault.kind == .denied || fault.kind == .tooLarge {
                return .leave(fault.message)
            }
            let plan = ConfigPlan.make(base: base, wanted: wanted, override: override, json: json, jsonc: jsonc)
            guard case .write(let bytes, _) = plan else { return plan }
            guard try workspace.read(WorkspacePlaces.json, limit: ConfigPlan.limit) == json else {
                last = .leave("it changes all the time")
                continue
            }
            try workspace.write(bytes, to: WorkspacePlaces.json)
            return plan
        }
        return last
    }
}
