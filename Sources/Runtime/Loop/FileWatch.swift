import CLinux
import Glibc

/// Tells what changes in directories (inotify). Subdirectories are watched only when they are added too.
@Loop
public final class FileWatch: Pollable {
    public struct Change: Sendable, Equatable {
        public let directory: String
        /// Empty when it concerns the directory itself.
        public let name: String
        public let kind: Kind
    }

    public enum Kind: Sendable {
        case written, appeared, vanished
        /// The directory is gone and no longer watched.
        case directoryGone
        /// The kernel dropped changes: read everything again.
        case overflow
    }

    private let descriptor: Int32
    private var directories: [Int32: String] = [:]
    private let handler: ([Change]) -> Void

    private static let mask = UInt32(
        IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF
            | IN_ONLYDIR)

    /// `handler` gets the changes of one turn together.
    public init(_ handler: @escaping ([Change]) -> Void) throws {
        descriptor = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
        guard descriptor >= 0 else { throw Fault.system("inotify_init", "for file changes", errno: errno) }
        self.handler = handler
        Loop.watch(descriptor, .readable, self)
    }

    public func add(_ directory: String) throws {
        let watch = inotify_add_watch(descriptor, directory, FileWatch.mask)
        guard watch >= 0 else {
            throw Fault.system("watch", directory, errno: errno, hint: "see fs.inotify.max_user_watches")
        }
        directories[watch] = directory
    }

    public func remove(_ directory: String) {
        for (watch, known) in directories where known == directory {
            inotify_rm_watch(descriptor, watch)
            directories[watch] = nil
        }
    }

    public func close() {
        Loop.unwatch(descriptor)
        Glibc.close(descriptor)
        directories = [:]
    }

    public func ready(_ readiness: Readiness) {
        let size = 16384
        let buffer = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 8)
        defer { buffer.deallocate() }
        var changes: [Change] = []
        while true {
            let count = read(descriptor, buffer, size)
            guard count > 0 else { break }
            parse(UnsafeRawBufferPointer(start: buffer, count: count), into: &changes)
        }
        if !changes.isEmpty { handler(changes) }
    }

    private func parse(_ bytes: UnsafeRawBufferPointer, into changes: inout [Change]) {
        var offset = 0
        let header = MemoryLayout<inotify_event>.size
        while offset + header <= bytes.count {
            let event = bytes.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
            let name = String(
                decoding: bytes[(offset + header)..<(offset + header + Int(event.len))].prefix { $0 != 0 },
                as: UTF8.self)
            offset += header + Int(event.len)
            if event.mask & UInt32(IN_Q_OVERFLOW) != 0 {
                changes.append(Change(directory: "", name: "", kind: .overflow))
            } else if let directory = directories[event.wd], let kind = kind(of: event) {
                changes.append(Change(directory: directory, name: name, kind: kind))
            }
            if event.mask & UInt32(IN_IGNORED) != 0 { directories[event.wd] = nil }
        }
    }

    private func kind(of event: inotify_event) -> Kind? {
        let mask = event.mask
        if mask & UInt32(IN_DELETE_SELF | IN_MOVE_SELF) != 0 { return .directoryGone }
        if mask & UInt32(IN_IGNORED) != 0 { return nil }
        if mask & UInt32(IN_CREATE | IN_MOVED_TO) != 0 { return .appeared }
        if mask & UInt32(IN_DELETE | IN_MOVED_FROM) != 0 { return .vanished }
        return .written
    }
}
