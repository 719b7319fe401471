/// Which addresses a request may connect to. Checked on what the socket really connects to, after name resolution, on
/// every hop and every connection taken from the pool: a name cannot be rebound between check and use.
public enum AddressGuard: Sendable, Hashable {
    /// Anywhere. For addresses that the owner configured, never for one that came in with a request.
    case open
    /// The public internet, and what is listed besides: `10.1.0.0/16`, `192.168.1.7`, or a host name.
    case publicOnly(allowing: AddressAllowance = AddressAllowance())

    /// The hint of a refusal, by which its cause can be told from others.
    static let advice = "list it among the allowed addresses if it is meant"

    /// Whether this guard lets a connection to `address` be made for a request to `host`.
    func allows(_ address: IPAddress, for host: WebHost) -> Bool {
        switch self {
        case .open: true
        case .publicOnly(let allowance): allowance.allows(address, for: host) || AddressGuard.isPublic(address)
        }
    }

    /// What can be told without a lookup, so that it fails before a packet leaves and also when a proxy would resolve.
    func refuses(literal host: WebHost) -> Bool {
        guard case .publicOnly(let allowance) = self else { return false }
        switch host {
        case .address(let address): return !allows(address, for: host)
        case .name(let name):
            let plain = name.hasSuffix(".") ? String(name.dropLast()) : name
            return (plain == "localhost" || plain.hasSuffix(".localhost")) && !allowance.names.contains(plain)
        }
    }

    static func isPublic(_ address: IPAddress) -> Bool {
        if let inner = address.embedded, !isPublic(inner) { return false }
        let special = address.isIPv4 ? specialV4 : specialV6
        if special.contains(where: { $0.contains(address) }) { return false }
        return address.isIPv4 || globalV6.contains { $0.contains(address) }
    }

    // The IANA special-purpose registries (RFC 6890 and its updates).
    private static let specialV4 = ranges([
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4",
    ])
    private static let specialV6 = ranges([
        "64:ff9b:1::/48", "2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16",
    ])
    /// What has been given out as global unicast; all else (loopback, ULA, link-local, multicast, unassigned) is not public.
    private static let globalV6 = ranges(["2000::/3", "64:ff9b::/96"])

    private static func ranges(_ texts: [String]) -> [AddressRange] { texts.map { AddressRange($0)! } }
}

/// What an owner allows beyond the public internet.
public struct AddressAllowance: Sendable, Hashable {
    var ranges: [AddressRange] = []
    var names: Set<String> = []

    public init() {}

    public init(_ entries: [String]) throws {
        for entry in entries {
            if let range = AddressRange(entry) {
                ranges.append(range)
                continue
            }
            // Why it is no host matters less than what it should have been.
            guard case .name(let name)? = try? WebHost(entry) else {
                throw Fault(
                    .invalidInput, "`\(entry)` is neither an address range nor a host name",
                    hint: "as in 10.0.0.0/8, fd00::/8 or runner.internal")
            }
            names.insert(name)
        }
    }

    /// The text itself when it is an entry, for settings.
    public static func entry(_ text: String) -> String? {
        do {
            _ = try AddressAllowance([text])
            return text
        } catch {
            return nil
        }
    }

    func allows(_ address: IPAddress, for host: WebHost) -> Bool {
        if case .name(let name) = host, names.contains(name) { return true }
        return ranges.contains { $0.contains(address) }
    }
}

extension IPAddress {
    /// The IPv4 address that an IPv6 one leads to: compatible, 6to4 and NAT64 forms.
    fileprivate var embedded: IPAddress? {
        guard !isIPv4 else { return nil }
        if high == 0, low >> 32 == 0 { return IPAddress(v4: UInt32(low)) }
        if high >> 48 == 0x2002 { return IPAddress(v4: UInt32(truncatingIfNeeded: high >> 16)) }
        if high == 0x0064_ff9b_0000_0000, low >> 32 == 0 { return IPAddress(v4: UInt32(low)) }
        return nil
    }
}
