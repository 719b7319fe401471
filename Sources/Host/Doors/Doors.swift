import Runtime

/// Every HTTP surface of the program, put together.
@Loop
enum Doors {
    static func router(_ house: House) -> Router {
        let served: [any Door] = [
            HealthDoor(house), JobsDoor { [unowned house] in house.jobs }, PlansDoor { [unowned house] in house.jobs },
        ]
        let doors = served + [DescriptionDoor(of: served)]
        let router = Router()
        for door in doors { router.add(door, traced: house.telemetry?.tracer ?? .off) }
        return router
    }
}
