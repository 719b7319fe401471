import Runtime

/// Which integrations a turn has. All are off unless three agree: their owner offers them, the persona may use them, and
/// the user switched them on, for this turn or for all.
struct IntegrationSwitches {
    struct Switch: Sendable, Equatable {
        let name: String
        let isOn: Bool
        /// Why, for the story of the run.
        let reason: String
    }

    /// What scripts declare and offer now.
    var offered: [String]
    /// What the persona declares.
    var persona: [String]
    /// The user's lasting choice, by name.
    var user: [String: Bool] = [:]

    /// `request` is this turn's choice; it goes before the user's lasting one.
    func all(request: [String: Bool] = [:]) -> [Switch] {
        let asked = request.merging(user) { first, _ in first }.filter(\.value).keys
        let names = Set(persona).union(asked).sorted()
        return names.map { name in
            if !offered.contains(name) { return Switch(name: name, isOn: false, reason: "no script offers it") }
            if !persona.contains(name) { return Switch(name: name, isOn: false, reason: "the persona may not use it") }
            switch (request[name], user[name]) {
            case (true?, _): return Switch(name: name, isOn: true, reason: "switched on for this turn")
            case (false?, _): return Switch(name: name, isOn: false, reason: "switched off for this turn")
            case (nil, true?): return Switch(name: name, isOn: true, reason: "switched on by the user")
            default: return Switch(name: name, isOn: false, reason: "not switched on")
            }
        }
    }

    func on(request: [String: Bool] = [:]) -> [String] { all(request: request).filter(\.isOn).map(\.name) }
}
