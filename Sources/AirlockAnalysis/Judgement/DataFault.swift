/// Why a reading says nothing. It is neither evidence for nor against a release.
package enum DataFault: String, Hashable, Sendable, Codable, CaseIterable {
    /// The source did not answer.
    case down
    /// The source answered without a value.
    case empty
    /// The newest value is older than ``Freshness/oldest``.
    case stale
    /// The value is not a number, or counts contradict each other.
    case notANumber
    /// The value is later than now by more than ``Freshness/ahead``.
    case fromTheFuture
}

/// How old and how far ahead a reading may be; both in milliseconds.
package struct Freshness: Hashable, Sendable, Codable {
    /// Readings older than this are stale, and two readings further apart leave a gap.
    package let oldest: Int
    /// How much the source's clock may be ahead.
    package let ahead: Int

    /// Sixty seconds back and five ahead.
    package static let usual = Freshness(oldest: .seconds(60), ahead: .seconds(5))

    /// Cuts both to whole milliseconds.
    package init(oldest: Duration, ahead: Duration) {
        self.oldest = oldest.wholeMilliseconds
        self.ahead = ahead.wholeMilliseconds
    }

    /// What is wrong with the time of a reading; both times in milliseconds since 1970.
    package func fault(at time: Int, now: Int) -> DataFault? {
        // Times come from outside: their distance may not fit.
        let (age, isBeyond) = now.subtractingReportingOverflow(time)
        if isBeyond { return time > now ? .fromTheFuture : .stale }
        if age > oldest { return .stale }
        return age < -ahead ? .fromTheFuture : nil
    }
}

extension Duration {
    /// Whole milliseconds, cut towards zero; a thousand years stand for more.
    var wholeMilliseconds: Int {
        let (seconds, attoseconds) = components
        let held = min(max(seconds, -31_536_000_000), 31_536_000_000)
        return Int(held) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
    }
}

/// A value of a signal in millionths of its unit.
package struct SignalValue: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    package let millionths: Int64

    package init(millionths: Int64) { self.millionths = millionths }

    /// Returns nil for what is no number, is infinite or does not fit: its fault is `notANumber`.
    package init?(_ value: Double) {
        guard value.isFinite, value.magnitude < 9e12 else { return nil }
        millionths = Int64(value * 1_000_000)
    }

    package init(from decoder: any Decoder) throws {
        millionths = try decoder.singleValueContainer().decode(Int64.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(millionths)
    }

    package static func < (left: SignalValue, right: SignalValue) -> Bool {
        left.millionths < right.millionths
    }

    /// Without trailing zeros: `0.05`.
    package var description: String { Decimals.text(millionths, places: 6) }
}
