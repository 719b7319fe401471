extension HostTable {
    /// The modules of Runtime, on one world.
    public static func standard(_ world: World) -> HostTable {
        HostTable([
            .host(world), .config(world), .crypto(world), .docker(world), .fs(world), .http(world), .json(),
            .log(world), .metrics(world), .opencode(world), .process(world), .store(world), .time(world),
        ])
    }
}
