/// A version of the Engine's API, as `1.41`.
public struct DockerVersion: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let major: Int
    public let minor: Int

    /// The newest that is spoken here, and the oldest whose answers are understood.
    public static let newest = DockerVersion(1, 47)
    public static let oldest = DockerVersion(1, 40)
    /// Volumes can be mounted in part.
    public static let volumeSubpath = DockerVersion(1, 45)

    public init(_ major: Int, _ minor: Int) {
        self.major = major
        self.minor = minor
    }

    public init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let major = parts[0], let minor = parts[1], major >= 0, minor >= 0 else { return nil }
        self.init(major, minor)
    }

    public static func < (one: DockerVersion, other: DockerVersion) -> Bool {
        (one.major, one.minor) < (other.major, other.minor)
    }

    public var description: String { "\(major).\(minor)" }
}
