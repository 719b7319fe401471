/// Percent sequences, read three ways: strictly, as a path, and as a form.
enum PercentCoding {
    /// Nil when a percent sign is not followed by two hexadecimal digits.
    static func strict(_ bytes: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            if bytes[index] != 37 {
                result.append(bytes[index])
                index += 1
            } else {
                guard index + 2 < bytes.count, let high = bytes[index + 1].hexValue, let low = bytes[index + 2].hexValue
                else { return nil }
                result.append(high << 4 | low)
                index += 3
            }
        }
        return result
    }

    /// Of a path that has been checked; an encoded slash stays encoded.
    static func path(_ bytes: ArraySlice<UInt8>) -> String { loose(bytes, keepsSlash: true, plusIsSpace: false) }

    /// Of a query: plus is a space, and a broken sequence stands for itself.
    static func form(_ text: Substring) -> String {
        loose(Array(text.utf8)[...], keepsSlash: false, plusIsSpace: true)
    }

    private static func loose(_ bytes: ArraySlice<UInt8>, keepsSlash: Bool, plusIsSpace: Bool) -> String {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let byte = bytes[index]
            if byte == 37, index + 2 < bytes.endIndex, let high = bytes[index + 1].hexValue,
                let low = bytes[index + 2].hexValue, !(keepsSlash && high << 4 | low == 47)
            {
                result.append(high << 4 | low)
                index += 3
            } else {
                result.append(plusIsSpace && byte == 43 ? 32 : byte)
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}

extension UInt8 {
    var hexValue: UInt8? {
        switch self {
        case 48...57: self - 48
        case 65...70: self - 55
        case 97...102: self - 87
        default: nil
        }
    }
}
