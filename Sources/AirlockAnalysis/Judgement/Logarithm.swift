/// Natural logarithm and exponential in whole numbers: the same bits on every machine.
///
/// Evidence is stored and replayed, so it must not depend on the C library, the compiler or the
/// processor. Numbers are fixed point: `r` stands for `r / 2^56`.
package enum Logarithm {
    /// Binary places of a result.
    package static let places = 56
    /// ln 2 · 2^56, rounded (the first 64 places of ln 2 are B17217F7 D1CF79AC).
    private static let ln2: Int64 = 0x00B1_7217_F7D1_CF7A
    /// 1 in the fixed point of ``exp(minus:)``.
    package static let one: UInt64 = 1 << 62

    /// ln(numerator / denominator) · 2^56.
    ///
    /// Wrong by less than 2^-48: each side is cut to its first 64 binary places.
    /// - Precondition: Neither side is 0.
    package static func ln(_ numerator: UInt128, over denominator: UInt128) -> Int64 {
        ln(numerator) - ln(denominator)
    }

    /// ln(`value`) · 2^56, wrong by less than 2^-49.
    ///
    /// `value` is 2^e · m with m in [1, 2); c is the middle of the 1/128 that holds m, and ln(m /
    /// c) = 2 (z + z³/3 + z⁵/5 + …) with z = (m - c) / (m + c) < 2^-9, so that three terms are
    /// enough (Abramowitz and Stegun, 4.1.27).
    /// - Precondition: `value` is not 0.
    package static func ln(_ value: UInt128) -> Int64 {
        precondition(value != 0, "the logarithm of 0 was asked for")
        let zeros = value.leadingZeroBitCount
        let mantissa = UInt64(truncatingIfNeeded: (value << UInt128(zeros)) >> 64)
        let place = Int(mantissa >> 56) & 127
        let middle = 1 << 63 | (2 * UInt64(place) + 1) << 55
        let isAbove = mantissa >= middle
        let distance = isAbove ? mantissa - middle : middle - mantissa
        let half = (mantissa >> 1) + (middle >> 1)
        // z · 2^64: the distance has 63 places and so has twice `half`.
        let z = half.dividingFullWidth((distance >> 1, distance << 63)).quotient
        let square = z.multipliedFullWidth(by: z).high
        let cube = z.multipliedFullWidth(by: square).high
        let fifth = cube.multipliedFullWidth(by: square).high
        let rest = Int64(((z + cube / 3 + fifth / 5) << 1 + 128) >> 8)
        let whole = Int64(127 - zeros) * ln2 + logarithms[place]
        return isAbove ? whole + rest : whole - rest
    }

    /// e^(-`exponent`/2^56) · 2^62, wrong by less than 2^-54; 0 from 43 nats on.
    /// - Precondition: `exponent` is not negative.
    package static func exp(minus exponent: Int64) -> UInt64 {
        precondition(exponent >= 0, "only falling powers are known")
        let halvings = exponent / ln2
        guard halvings < 62 else { return 0 }
        let fraction = exponent - halvings * ln2
        let place = Int(fraction >> 50)
        let rest = UInt64(fraction & (1 << 50 - 1)) << 6
        let power = multiply(powers[place], smallPower(rest))
        return power >> UInt64(halvings)
    }

    /// e^(-x) for x below 1/64, both with 62 places, by seven terms of the series.
    private static func smallPower(_ x: UInt64) -> UInt64 {
        var sum = one
        for divisor: UInt64 in [7, 6, 5, 4, 3, 2, 1] { sum = one - multiply(x, sum) / divisor }
        return sum
    }

    private static func multiply(_ one: UInt64, _ other: UInt64) -> UInt64 {
        let product = one.multipliedFullWidth(by: other)
        return product.high << 2 | product.low >> 62
    }

    /// ln(1 + (2 i + 1)/256) · 2^56 for i in 0..<128, by the series of twice the area tangent.
    private static let logarithms: [Int64] = (0..<128).map { place in
        let z = UInt64((UInt128(2 * place + 1) << 62) / UInt128(513 + 2 * place))
        let square = multiply(z, z)
        var power = z
        var sum: UInt64 = 0
        for divisor in stride(from: UInt64(1), to: 61, by: 2) {
            sum += power / divisor
            power = multiply(power, square)
        }
        return Int64((sum + 16) >> 5)
    }

    /// e^(-i/64) · 2^62 for i in 0...44.
    private static let powers: [UInt64] = {
        // The series alone reaches 1/64 itself.
        let factor = smallPower(1 << 56)
        return (0..<44).reduce(into: [one]) { list, _ in
            list.append(multiply(list[list.count - 1], factor))
        }
    }()
}
