import Glibc

/// The path of a Unix socket.
public enum SocketPath {
    /// Bytes that the kernel takes, without the zero at their end.
    public static let longest = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1
}
