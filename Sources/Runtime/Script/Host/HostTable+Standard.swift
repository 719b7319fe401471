extension HostTable {
    public static func standard(_ world: World) -> HostTable { HostTable([HostModule("", "", [])]) }
}
