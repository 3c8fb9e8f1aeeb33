/// The natural logarithm of an e-value, in millionths.
///
/// An e-value is the stake of a bet that is fair or losing while nothing is wrong: its mean is at
/// most 1, so it ever reaches 1/α with a chance of at most α, however often one looks (Ville's
/// inequality). Every step of a sum is rounded down, so that rounding never makes evidence.
package struct LogEvidence: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    package let millionths: Int64

    /// No evidence either way: ln 1.
    package static let zero = LogEvidence(millionths: 0)
    /// No sum goes below it: -10^6 nats. It also stands for the logarithm of 0.
    package static let least = LogEvidence(millionths: -1_000_000_000_000)
    /// No sum goes above it: 10^6 nats.
    package static let most = LogEvidence(millionths: 1_000_000_000_000)

    /// Holds `millionths` between ``least`` and ``most``.
    package init(millionths: Int64) {
        self.millionths = min(max(millionths, -1_000_000_000_000), 1_000_000_000_000)
    }

    /// Rounds a number with the places of ``Logarithm`` down.
    package init(fixed: Int128) {
        let scaled = (fixed * 1_000_000) >> Int128(Logarithm.places)
        self.init(millionths: Int64(clamping: scaled))
    }

    /// The evidence at which a test with this chance of a false alarm decides: ln(1/chance),
    /// rounded up.
    package init(limitFor chance: Chance) {
        guard chance.billionths > 0 else {
            self = .most
            return
        }
        let fixed = Logarithm.ln(1_000_000_000, over: UInt128(chance.billionths))
        self = LogEvidence(fixed: Int128(fixed)) + LogEvidence(millionths: 1)
    }

    package init(from decoder: any Decoder) throws {
        self.init(millionths: try decoder.singleValueContainer().decode(Int64.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(millionths)
    }

    package static func < (left: LogEvidence, right: LogEvidence) -> Bool {
        left.millionths < right.millionths
    }

    package static func + (left: LogEvidence, right: LogEvidence) -> LogEvidence {
        LogEvidence(millionths: left.millionths + right.millionths)
    }

    /// In nats with six decimals: `4.605170`.
    package var description: String {
        let digits = String(millionths.magnitude % 1_000_000)
        let padded = String(repeating: "0", count: 6 - digits.count) + digits
        return "\(millionths < 0 ? "-" : "")\(millionths.magnitude / 1_000_000).\(padded)"
    }
}

extension LogEvidence {
    /// ln Σ e^part, rounded down; ``least`` for no parts.
    package static func sum(
        _ parts: some Collection<LogEvidence>, and last: LogEvidence = .least
    ) -> LogEvidence {
        let top = parts.reduce(last, max)
        guard top > .least else { return .least }
        // 2^62 is 1, and four parts of at most 1 do not fit 64 bits.
        let total = parts.reduce(UInt128(power(of: last, below: top))) { sum, part in
            sum + UInt128(power(of: part, below: top))
        }
        let above = Logarithm.ln(total, over: UInt128(Logarithm.one))
        return top + LogEvidence(fixed: Int128(above))
    }

    /// e^(part - top) with 62 places; 0 where it is too small to matter.
    private static func power(of part: LogEvidence, below top: LogEvidence) -> UInt64 {
        let distance = top.millionths - part.millionths
        guard distance < 43_000_000 else { return 0 }
        // 2^56 / 10^6, rounded up: the power is rounded down.
        return Logarithm.exp(minus: distance * 72_057_594_038)
    }
}
