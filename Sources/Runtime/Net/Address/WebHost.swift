/// Where an address points: a name, or an IP address in its one usual spelling.
public enum WebHost: Sendable, Hashable, CustomStringConvertible {
    case name(String)
    case address(IPAddress)

    static let unusable = Fault(
        .invalidInput, "the host of an address is not usable", hint: "a name, 192.0.2.1 or [::1]")

    /// As it stands in an address: IPv6 in brackets.
    public init(_ text: String) throws {
        if text.hasPrefix("[") {
            let inner = String(text.dropFirst().dropLast())
            // A zone (%eth0) means something on one machine only, and inet_pton refuses it.
            guard text.hasSuffix("]"), inner.contains(":"), let address = IPAddress(inner) else {
                throw WebHost.unusable
            }
            self = .address(address)
            return
        }
        guard text.utf8.allSatisfy({ $0 < 128 }) else {
            throw Fault(
                .invalidInput, "a host name may have ASCII letters only", hint: "write it as punycode (xn--…)")
        }
        let name = text.lowercased()
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        if WebHost.looksNumeric(labels) {
            // inet_pton takes four plain decimal parts alone; every other spelling of an address is refused.
            guard let address = IPAddress(name), address.isIPv4 else { throw WebHost.unusable }
            self = .address(address)
            return
        }
        let isRooted = labels.count > 1 && labels.last == ""
        guard 1...253 ~= name.utf8.count, (isRooted ? labels.dropLast() : labels[...]).allSatisfy(WebHost.isLabel)
        else {
            throw WebHost.unusable
        }
        self = .name(name)
    }

    /// This very machine, without asking anybody who it is.
    public var isLoopback: Bool {
        switch self {
        case .name(let name): name == "localhost"
        case .address(let address): address.isLoopback
        }
    }

    public var description: String {
        switch self {
        case .name(let name): name
        case .address(let address): address.isIPv4 ? address.description : "[\(address)]"
        }
    }

    /// True when some resolver would read the last label as a number, and so the whole as an IPv4 address.
    private static func looksNumeric(_ labels: [Substring]) -> Bool {
        guard let last = labels.last(where: { !$0.isEmpty }) else { return false }
        if last.utf8.allSatisfy({ 48...57 ~= $0 }) { return true }
        guard last.hasPrefix("0x") else { return false }
        return last.dropFirst(2).utf8.allSatisfy { 48...57 ~= $0 || 97...102 ~= $0 }
    }

    private static func isLabel(_ label: Substring) -> Bool {
        guard 1...63 ~= label.utf8.count, label.utf8.first != 45, label.utf8.last != 45 else { return false }
        return label.utf8.allSatisfy { 97...122 ~= $0 || 48...57 ~= $0 || $0 == 45 || $0 == 95 }
    }
}
