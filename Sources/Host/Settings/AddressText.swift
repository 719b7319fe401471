import Glibc

/// Numeric IP addresses in text.
enum AddressText {
    static func isNumeric(_ text: String) -> Bool {
        var storage = in6_addr()
        return inet_pton(AF_INET, text, &storage) == 1 || inet_pton(AF_INET6, text, &storage) == 1
    }
}
