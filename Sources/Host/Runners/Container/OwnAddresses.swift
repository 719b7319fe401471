import Glibc

/// The addresses of this machine, as the calling thread's network has them.
enum OwnAddresses {
    /// Whether this IPv4 address is one of them.
    static func contain(_ address: String) -> Bool {
        var wanted = in_addr()
        guard inet_pton(AF_INET, address, &wanted) == 1 else { return false }
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return false }
        defer { freeifaddrs(list) }
        var next = list
        while let entry = next {
            next = entry.pointee.ifa_next
            guard let place = entry.pointee.ifa_addr, place.pointee.sa_family == sa_family_t(AF_INET) else { continue }
            let found = place.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { $0.pointee.sin_addr.s_addr }
            if found == wanted.s_addr { return true }
        }
        return false
    }
}
