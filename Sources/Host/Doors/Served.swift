import Runtime

/// What a door needs and what starts after the doors are made, or a fault that says that it has not.
func served<Part>(_ part: Part?, _ what: String) throws -> Part {
    guard let part else { throw Fault(.unavailable, "\(what): not served yet", hint: "ask again soon") }
    return part
}
