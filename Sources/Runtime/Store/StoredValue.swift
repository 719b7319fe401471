/// What one column of one row can hold.
public enum StoredValue: Sendable, Equatable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
    case blob([UInt8])

    var typeName: String {
        switch self {
        case .null: "nothing (NULL)"
        case .integer: "an integer"
        case .real: "a real number"
        case .text: "text"
        case .blob: "bytes"
        }
    }
}

/// A type that goes into a column and comes back the same.
///
/// Enums and ids with a storable raw value need only say `: Storable`.
public protocol Storable: Sendable {
    var stored: StoredValue { get }
    /// Nil when the column holds something else; the query then fails with the name of the column.
    init?(stored: StoredValue)
}

extension StoredValue: Storable {
    public var stored: StoredValue { self }
    public init?(stored: StoredValue) { self = stored }
}

extension Int64: Storable {
    public var stored: StoredValue { .integer(self) }
    public init?(stored: StoredValue) {
        guard case .integer(let value) = stored else { return nil }
        self = value
    }
}

extension Int: Storable {
    public var stored: StoredValue { .integer(Int64(self)) }
    public init?(stored: StoredValue) {
        guard case .integer(let value) = stored else { return nil }
        self = Int(value)
    }
}

/// Kept as 0 and 1; any other number is not a Bool.
extension Bool: Storable {
    public var stored: StoredValue { .integer(self ? 1 : 0) }
    public init?(stored: StoredValue) {
        guard case .integer(let value) = stored, value == 0 || value == 1 else { return nil }
        self = value == 1
    }
}

/// Takes integers that it can hold exactly, because SQLite's `sum` and `max` give what they find.
extension Double: Storable {
    public var stored: StoredValue { .real(self) }
    public init?(stored: StoredValue) {
        switch stored {
        case .real(let value): self = value
        case .integer(let value): self.init(exactly: value)
        default: return nil
        }
    }
}

extension String: Storable {
    public var stored: StoredValue { .text(self) }
    public init?(stored: StoredValue) {
        guard case .text(let value) = stored else { return nil }
        self = value
    }
}

extension [UInt8]: Storable {
    public var stored: StoredValue { .blob(self) }
    public init?(stored: StoredValue) {
        guard case .blob(let value) = stored else { return nil }
        self = value
    }
}

extension Optional: Storable where Wrapped: Storable {
    public var stored: StoredValue { self?.stored ?? .null }
    public init?(stored: StoredValue) {
        if case .null = stored {
            self = .none
        } else {
            guard let value = Wrapped(stored: stored) else { return nil }
            self = .some(value)
        }
    }
}

extension Storable where Self: RawRepresentable, RawValue: Storable {
    public var stored: StoredValue { rawValue.stored }
    public init?(stored: StoredValue) {
        guard let raw = RawValue(stored: stored) else { return nil }
        self.init(rawValue: raw)
    }
}
