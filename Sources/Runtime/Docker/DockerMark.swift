/// The labels by which objects are known to be ours. What lacks them, or bears another owner's, is only looked at.
public struct DockerMark: Sendable, Equatable {
    public static let ownerLabel = "perigee.owner"

    /// Which Perigee: two on one engine keep out of each other's way.
    public let owner: String

    public init(owner: String) {
        precondition(!owner.isEmpty, "an owner needs a name")
        self.owner = owner
    }

    public var labels: [String: String] { [DockerMark.ownerLabel: owner] }

    public func isOurs(_ labels: [String: String]) -> Bool { labels[DockerMark.ownerLabel] == owner }

    func check(_ labels: [String: String], _ what: String) throws {
        guard !isOurs(labels) else { return }
        let whose = labels[DockerMark.ownerLabel].map { "belongs to another Perigee (\($0))" } ?? "is not Perigee's"
        throw Fault(
            .conflict, "\(what) \(whose), and is left as it is",
            hint: "only what bears the label \(DockerMark.ownerLabel)=\(owner) is changed")
    }
}
