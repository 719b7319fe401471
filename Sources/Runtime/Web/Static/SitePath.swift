/// A path below the root that was asked for, checked before any file is touched. The kernel checks again, with the
/// symbolic links that only it can see.
enum SitePath {
    /// The path without its leading slash; nil when it can name no public file: dot files, steps upwards, doubled
    /// slashes, control characters, and what is too long.
    static func check(_ path: String) -> String? {
        let relative = path.hasPrefix("/") ? path.dropFirst() : path[...]
        guard relative.utf8.count < 1024, relative.utf8.allSatisfy({ $0 >= 32 && $0 != 127 && $0 != 92 }) else {
            return nil
        }
        let segments = relative.split(separator: "/", omittingEmptySubsequences: false)
        for (index, segment) in segments.enumerated() {
            let isEnd = index == segments.count - 1
            if segment.isEmpty && !isEnd || segment.hasPrefix(".") || segment.utf8.count > 255 { return nil }
        }
        return String(relative)
    }

    /// The last segment with a slash behind it, as a relative reference that cannot be taken for a host or a scheme.
    static func asDirectory(_ path: String) -> String {
        let segment = path.split(separator: "/").last ?? ""
        var text = "./"
        for byte in segment.utf8 {
            switch byte {
            case 48...57, 65...90, 97...122, 45, 46, 95, 126: text.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let hex = String(byte, radix: 16, uppercase: true)
                text += hex.utf8.count == 1 ? "%0\(hex)" : "%\(hex)"
            }
        }
        return text + "/"
    }
}
