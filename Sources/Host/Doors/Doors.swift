import Runtime

/// Every HTTP surface of the program, put together.
@Loop
enum Doors {
    static func router(_ house: House) -> Router {
        let gate = house.access?.gate ?? Gate()
        var served: [any Door] = [
            HealthDoor(house), StatusDoor(house, gate), JobsDoor(gate) { [unowned house] in house.jobs },
            PlansDoor(gate) { [unowned house] in house.jobs }, RunsDoor(gate) { [unowned house] in house.runs },
            RunnersDoor(gate, house.runnerDesk),
        ]
        if let access = house.access {
            served += [KeysDoor(gate, access.keys), WorkspacesDoor(gate, access.workspaces)]
        }
        if let scripts = house.scripts {
            served += [
                ScriptsDoor(gate, scripts), ConsoleDoor(gate, scripts, scope: house.consoles),
                RoutesDoor(gate, scripts, log: house.log.part("routes")),
            ]
        }
        if let room = house.chatRoom {
            served += [OpenAIDoor(house: room.openAI), MCPDoor { [unowned house] in house.chatRoom?.integrations }]
        }
        if let access = house.access, let scripts = house.scripts {
            served.append(
                UsageDoor(gate, access.workspaces, scripts) { [unowned house] in house.chatRoom?.usage })
        }
        if let access = house.access, let scripts = house.scripts, let repos = house.repos {
            let guests = RepoGuests(gate: gate, workspaces: access.workspaces, scripts: scripts)
            served += [ReposDoor(guests: guests, house: repos), WorktreesDoor(guests: guests, house: repos)]
        }
        if let access = house.access, let scripts = house.scripts, let client = house.client {
            served.append(
                PassageDoor(
                    PassageGuests(gate: gate, workspaces: access.workspaces, scripts: scripts), client: client,
                    sockets: house.consoles.child("passage")
                ) { [unowned house] in house.chatRoom?.runners })
        }
        let doors = served + [DescriptionDoor(of: served)]
        let router = Router()
        for door in doors { router.add(door, traced: house.telemetry?.tracer ?? .off) }
        return router
    }
}
