/// A share of a whole in hundredths of a percent: `0.5%` is 50.
package struct Share: Hashable, Comparable, Sendable, Codable {
    /// `100%`.
    package static let whole = Share(basisPoints: 10_000)
    package let basisPoints: Int

    package init(basisPoints: Int) { self.basisPoints = basisPoints }

    /// From thousandths, as traffic is shared out.
    package init(perMille: Int) { self.init(basisPoints: perMille * 10) }

    /// In percent, as the format spells it: `25%`, `0.5%`.
    package var text: String {
        let (whole, rest) = basisPoints.quotientAndRemainder(dividingBy: 100)
        if rest == 0 { return "\(whole)%" }
        return "\(whole)." + (rest % 10 == 0 ? "\(rest / 10)" : rest < 10 ? "0\(rest)" : "\(rest)")
            + "%"
    }

    package static func < (left: Share, right: Share) -> Bool {
        left.basisPoints < right.basisPoints
    }

    /// This share of `count`, rounded down.
    package func of(_ count: Int) -> Int { count * basisPoints / 10_000 }
}

/// What one instance of a service may use.
package struct Resources: Hashable, Sendable, Codable {
    /// Thousandths of a core.
    package var milliCPU: Int?
    package var memoryBytes: Int?

    package init(milliCPU: Int? = nil, memoryBytes: Int? = nil) {
        self.milliCPU = milliCPU
        self.memoryBytes = memoryBytes
    }
}

/// How many instances a release shall have: one number, or bounds inside which a count is not drift.
package struct Replicas: Hashable, Sendable, Codable {
    package let minimum: Int
    package let maximum: Int

    /// Returns nil unless 0 ≤ minimum ≤ maximum.
    package init?(minimum: Int, maximum: Int) {
        guard 0 <= minimum, minimum <= maximum else { return nil }
        self.minimum = minimum
        self.maximum = maximum
    }

    /// Reads both bounds; throws when they are out of order.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let minimum = try container.decode(Int.self, forKey: .minimum)
        let maximum = try container.decode(Int.self, forKey: .maximum)
        guard let value = Self(minimum: minimum, maximum: maximum) else {
            throw DecodingError.dataCorruptedError(
                forKey: .maximum, in: container,
                debugDescription: "not bounds of replicas: \(minimum) to \(maximum)")
        }
        self = value
    }

    private enum CodingKeys: CodingKey {
        case minimum
        case maximum
    }

    /// Exactly `count` instances.
    package init?(_ count: Int) { self.init(minimum: count, maximum: count) }

    /// Whether `count` is not drift.
    package func contains(_ count: Int) -> Bool { (minimum...maximum).contains(count) }

    /// The number nearest to `count` that is allowed.
    package func nearest(to count: Int) -> Int { min(max(count, minimum), maximum) }
}
