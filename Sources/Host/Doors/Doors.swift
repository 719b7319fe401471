import Runtime

/// Every HTTP surface of the program, put together.
@Loop
enum Doors {
    static func router(_ house: House) -> Router {
        var served: [any Door] = [
            HealthDoor(house), StatusDoor(house), JobsDoor { [unowned house] in house.jobs },
            PlansDoor { [unowned house] in house.jobs }, RunsDoor { [unowned house] in house.runs },
        ]
        if let scripts = house.scripts {
            served += [
                ScriptsDoor(scripts), ConsoleDoor(scripts, scope: house.consoles),
                RoutesDoor(scripts, log: house.log.part("routes")),
            ]
        }
        let doors = served + [DescriptionDoor(of: served)]
        let router = Router()
        for door in doors { router.add(door, traced: house.telemetry?.tracer ?? .off) }
        return router
    }
}
