internal import LuaBridge

extension JSONParser {
    /// What has been read of a number so far; the mantissa is right as long as there are at most 19 digits.
    private struct Digits {
        var mantissa: UInt64 = 0
        var count = 0
        var exponent = 0
    }

    mutating func number() throws(Failure) {
        let begin = next
        let isNegative = next.pointee == UInt8(ascii: "-")
        if isNegative { next += 1 }
        var digits = Digits()
        try integerPart(&digits)
        guard next < end else { return try finish(integer: digits, isNegative, begin) }
        var isInteger = true
        if next.pointee == UInt8(ascii: ".") {
            isInteger = false
            next += 1
            let before = digits.count
            try run(&digits, after: "a digit after '.'")
            digits.exponent = before - digits.count
        }
        if next < end, next.pointee | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            next += 1
            digits.exponent += try exponent()
        }
        if isInteger { try finish(integer: digits, isNegative, begin) } else { try finish(digits, isNegative, begin) }
    }

    private mutating func integerPart(_ digits: inout Digits) throws(Failure) {
        guard next < end, next.pointee == UInt8(ascii: "0") else {
            return try run(&digits, after: "a digit after '-'")
        }
        next += 1
        digits.count = 1
        if next < end, isDigit(next.pointee) {
            throw Failure(at: next - 1 - start, .broken("a number does not begin with 0"))
        }
    }

    /// At least one digit, and all that follow.
    private mutating func run(_ digits: inout Digits, after what: StaticString) throws(Failure) {
        let begin = next
        while next < end, isDigit(next.pointee) {
            digits.mantissa = digits.mantissa &* 10 &+ UInt64(next.pointee & 0x0f)
            next += 1
        }
        guard next > begin else { throw expected(what) }
        digits.count += next - begin
    }

    private mutating func exponent() throws(Failure) -> Int {
        var isNegative = false
        if next < end, next.pointee == UInt8(ascii: "-") || next.pointee == UInt8(ascii: "+") {
            isNegative = next.pointee == UInt8(ascii: "-")
            next += 1
        }
        guard next < end, isDigit(next.pointee) else { throw expected("a digit in the exponent") }
        var value = 0
        while next < end, isDigit(next.pointee) {
            // Far beyond what a double can hold the exact value no longer matters, but it must not overflow.
            value = min(value * 10 + Int(next.pointee & 0x0f), 1 << 30)
            next += 1
        }
        return isNegative ? -value : value
    }

    private mutating func finish(
        integer digits: Digits, _ isNegative: Bool, _ begin: UnsafePointer<UInt8>
    ) throws(Failure) {
        let limit = UInt64(Int64.max) + (isNegative ? 1 : 0)
        guard digits.count <= 19, digits.mantissa <= limit, digits.mantissa > 0 || !isNegative else {
            return try finish(digits, isNegative, begin)
        }
        let magnitude = Int64(bitPattern: digits.mantissa)
        put(.integer)
        out.storeBytes(of: isNegative ? 0 &- magnitude : magnitude, as: Int64.self)
        out += 8
    }

    /// Exact where the mantissa and the power of ten both fit a double, which one operation then rounds correctly.
    private mutating func finish(
        _ digits: Digits, _ isNegative: Bool, _ begin: UnsafePointer<UInt8>
    ) throws(Failure) {
        var value: Double
        if digits.count <= 19, digits.mantissa <= 1 << 53, abs(digits.exponent) <= 22 {
            value = Double(digits.mantissa)
            if digits.exponent < 0 {
                value /= powersOfTen[-digits.exponent]
            } else {
                value *= powersOfTen[digits.exponent]
            }
            if isNegative { value = -value }
        } else {
            let text = String(decoding: UnsafeBufferPointer(start: begin, count: next - begin), as: UTF8.self)
            value = Double(text)!
            guard value.isFinite else {
                throw Failure(at: begin - start, .broken("a number is too large for a double"))
            }
        }
        put(.number)
        out.storeBytes(of: value, as: Double.self)
        out += 8
    }

    @inline(__always)
    private func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }
}

private let powersOfTen: [Double] = [
    1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
]
