import Glibc
import Runtime

/// `/mgmt/status`: the running program at a glance, for its owner.
@Loop
struct StatusDoor: Door {
    let name = "status"
    private let house: House
    private let gate: Gate

    init(_ house: House, _ gate: Gate) {
        self.house = house
        self.gate = gate
    }

    var endpoints: [Endpoint] {
        [
            Endpoint(
                method: .get, path: "/mgmt/status", summary: "The program and its scripts at a glance.",
                answers: [200: "it runs", 403: "not for you"], schema: .ref("Status"),
                action: .plain { [house, gate] request in
                    try gate.require(.manage, request)
                    return .json(StatusDoor.report(house))
                })
        ]
    }

    private static func report(_ house: House) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { status in
            status.member("version", Version.current)
            status.member("pid", Int(getpid()))
            status.member("uptime_s", Int((Loop.now - house.began).inSeconds))
            status.array("addresses") { list in for address in house.addresses { list.value(address) } }
            status.member("state", house.directory.path)
            status.member("connections", house.server?.connectionCount ?? 0)
            status.array("not_ready") { list in
                for (part, reason) in house.readiness.all { list.value("\(part): \(reason)") }
            }
            if let agents = house.chatRoom?.agentMode {
                status.object("agents") {
                    $0.member("mode", agents.mode.rawValue)
                    $0.member("reason", agents.reason)
                }
            }
            if let scripts = house.scripts {
                status.object("scripts") {
                    ScriptsDoor.describe(scripts, now: Double(time(nil)), files: false, in: &$0)
                }
            }
        }
        return writer.finish()
    }
}
