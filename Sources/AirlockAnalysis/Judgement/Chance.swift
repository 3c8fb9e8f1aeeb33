/// A probability in billionths.
package struct Chance: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    package let billionths: Int64

    /// 1%: what a whole rollout may spend on false alarms unless the release says otherwise.
    package static let onePercent = Chance(millionths: 10000)
    /// 5%: the chance with which one step may call a harm above the tolerated ratio acceptable.
    package static let fivePercent = Chance(millionths: 50000)

    /// 0.1%: the share of bad requests that a canary may have unless it is told otherwise.
    package static let oneInAThousand = Chance(millionths: 1000)

    /// It always happens.
    package static let certain = Chance(millionths: 1_000_000)

    /// Holds `billionths` between 0 and 1.
    package init(billionths: Int64) { self.billionths = min(max(billionths, 0), 1_000_000_000) }

    /// Holds `millionths` between 0 and 1.
    package init(millionths: Int64) {
        self.init(billionths: min(max(millionths, 0), 1_000_000) * 1000)
    }

    package init(from decoder: any Decoder) throws {
        self.init(billionths: try decoder.singleValueContainer().decode(Int64.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(billionths)
    }

    package static func < (left: Chance, right: Chance) -> Bool {
        left.billionths < right.billionths
    }

    /// In percent without trailing zeros: `0.25%`.
    package var description: String {
        Decimals.text(billionths, places: 7) + "%"
    }
}

/// How many times as often as on the stable slot bad events come on the canary, in thousandths.
package struct HarmRatio: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    package let thousandths: Int64

    /// Twice as often: what is tolerated unless the release says otherwise.
    package static let double = HarmRatio(thousandths: 2000)

    /// Holds `thousandths` between 0.001 and 1,000 times.
    package init(thousandths: Int64) { self.thousandths = min(max(thousandths, 1), 1_000_000) }

    package init(from decoder: any Decoder) throws {
        self.init(thousandths: try decoder.singleValueContainer().decode(Int64.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(thousandths)
    }

    package static func < (left: HarmRatio, right: HarmRatio) -> Bool {
        left.thousandths < right.thousandths
    }

    /// A plain number without trailing zeros: `1.5`.
    package var description: String { Decimals.text(thousandths, places: 3) }

    /// ln of the ratio with the places of ``Logarithm``.
    var logarithm: Int64 { Logarithm.ln(UInt128(thousandths), over: 1000) }
}

/// Decimal fractions of whole numbers.
enum Decimals {
    /// `number` / 10^`places` without trailing zeros.
    static func text(_ number: Int64, places: Int) -> String {
        var unit: UInt64 = 1
        for _ in 0..<places { unit *= 10 }
        let whole = number.magnitude / unit
        let digits = String(number.magnitude % unit)
        var fraction = String(repeating: "0", count: max(places - digits.count, 0)) + digits
        while fraction.last == "0" { fraction.removeLast() }
        let text = fraction.isEmpty || places == 0 ? "\(whole)" : "\(whole).\(fraction)"
        return number < 0 ? "-" + text : text
    }
}
