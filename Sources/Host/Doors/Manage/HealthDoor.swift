import Runtime

/// Is it alive, can it serve, and what does it count. No key is asked for, and nothing of a user is told.
@Loop
struct HealthDoor: Door {
    let name = "health"
    private let house: House

    private nonisolated static let product = Query("SELECT value FROM about WHERE name = 'product'", String.self)

    /// Below this the database may soon fail to write.
    private static let leastFreeBytes = 64 << 20

    init(_ house: House) { self.house = house }

    var endpoints: [Endpoint] {
        [
            Endpoint(
                method: .get, path: "/healthz", summary: "The process answers.", answers: [200: "it does"],
                schema: .ref("Alive"),
                action: .plain { _ in .json(#"{"ok":true}"#) }),
            Endpoint(
                method: .get, path: "/health", summary: "The process and its database answer.",
                answers: [200: "both do", 503: "the database does not, and why"], schema: .ref("Health"),
                toldAlike: [503],
                action: .task(health)),
            Endpoint(
                method: .get, path: "/ready", summary: "Requests can be served now; if not, why.",
                answers: [200: "send requests", 503: "send none, for these reasons"], schema: .ref("Ready"),
                toldAlike: [503],
                action: .task(ready)),
            Endpoint(
                method: .get, path: "/metrics", summary: "What it counts, for Prometheus.",
                answers: [200: "text format 0.0.4"], mediaType: "text/plain", schema: .text,
                action: .plain { [house] _ in house.telemetry?.text ?? Response(503) }),
        ]
    }

    private func health(_ request: Request) async throws -> Response {
        let failure = await databaseFailure()
        var answer = JSONWriter()
        answer.object {
            $0.member("ok", failure == nil)
            $0.member("db", failure ?? "ok")
            $0.member("version", Version.current)
            $0.member("uptime_s", Int((Loop.now - house.began).inSeconds))
        }
        return .json(answer.finish(), status: failure == nil ? 200 : 503)
    }

    private func ready(_ request: Request) async throws -> Response {
        var reasons = house.readiness.all + (await house.obstacles())
        if let failure = await databaseFailure() { reasons.append(("store", failure)) }
        let directory = house.directory
        let free = try await BlockingPool.shared.run("reading the volume") { directory.freeBytes() }
        if let free, free < HealthDoor.leastFreeBytes {
            reasons.append(("disk", "only \(Units.describe(bytes: free)) are free at \(directory.path)"))
        }
        var answer = JSONWriter()
        answer.object {
            $0.member("ready", reasons.isEmpty)
            $0.array("reasons") { list in
                for (part, reason) in reasons {
                    list.object {
                        $0.member("part", part)
                        $0.member("reason", reason)
                    }
                }
            }
            $0.array("notes") { list in
                for note in notes { list.value(note) }
            }
        }
        return .json(answer.finish(), status: reasons.isEmpty ? 200 : 503)
    }

    /// What is amiss without keeping anybody from being served. Nobody needs a key for this, so it names no script.
    private var notes: [String] {
        guard let scripts = house.scripts, let failure = scripts.failure else { return [] }
        let count = failure.problems.count
        return [
            "scripts: generation \(scripts.live.number) serves; the newest has \(count) problem\(count == 1 ? "" : "s"), "
                + "which `perigee status` lists"
        ]
    }

    private func databaseFailure() async -> String? {
        guard let store = house.store else { return "not open" }
        do {
            return try await Deadline.within(.seconds(2)) {
                let product = try await store.read { try $0.one(HealthDoor.product) }
                return product == "perigee" ? nil : "it belongs to \(product)"
            }
        } catch {
            return Fault(error).message
        }
    }
}
