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
        served += resources(house, gate)
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
            if let scripts = house.scripts {
                served.append(ChatsDoor(gate, scripts) { [unowned house] in house.chatRoom })
            }
            served += [OpenAIDoor(house: room.openAI), MCPDoor { [unowned house] in house.chatRoom?.integrations }]
        }
        if let scripts = house.scripts {
            let desk = TaskDesk(gate, scripts, streams: house.consoles.child("tasks")) { [unowned house] in
                house.taskRoom?.intake
            }
            served += [TasksDoor(desk: desk), SessionsDoor(desk: desk)]
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
                ) { [unowned house] in house.chatRoom?.freshRunners })
        }
        let doors = served + [DescriptionDoor(of: served, site: site(house))]
        let router = Router()
        for door in doors { router.add(door, traced: house.telemetry?.tracer ?? .off) }
        return router
    }

    /// The page that describes the doors; nil where it is not installed.
    private static func site(_ house: House) -> StaticFiles? {
        guard let home = house.settings.home else { return nil }
        do {
            return try StaticFiles(root: "\(home)/site/docs")
        } catch {
            house.log.info("there is no page at /mgmt/docs: \(Fault(error).message)")
            return nil
        }
    }

    private static func resources(_ house: House, _ gate: Gate) -> [any Door] {
        guard let resources = house.resources else { return [] }
        return [
            DiskDoor(gate, resources.disk),
            ProcessesDoor(gate, resources.processes) { [weak workspaces = resources.access.workspaces] id in
                do {
                    return try await workspaces?.record(id).user
                } catch let fault as Fault where fault.kind == .notFound {
                    return nil
                }
            },
            CleaningDoor(gate) { [unowned house] in house.cleaning }, EventsDoor(gate, house.board),
            UsersDoor(gate, resources) { [unowned house] in house.chatRoom?.usage },
        ]
    }
}
