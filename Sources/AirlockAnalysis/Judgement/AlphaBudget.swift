/// A name that a release gives to one of its signals: `errors`, `latency.p99`, `memory`.
package struct SignalName: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    package let description: String

    /// Returns nil unless `text` is 1 to 64 lowercase letters, digits, `.`, `_` or `-`.
    package init?(_ text: String) {
        let isAllowed = { (byte: UInt8) -> Bool in
            (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
                || [0x2D, 0x2E, 0x5F].contains(byte)
        }
        guard (1...64).contains(text.utf8.count), text.utf8.allSatisfy(isAllowed) else {
            return nil
        }
        description = text
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let name = SignalName(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "is no name of a signal")
        }
        self = name
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    package static func < (left: SignalName, right: SignalName) -> Bool {
        left.description < right.description
    }
}

/// The chance of a false alarm that one rollout may spend, split over its metrics by weight.
///
/// Holds over all metrics, steps and looks: each metric has one test for the whole rollout, and the
/// chance that any of them errs is at most the sum of their parts (Boole's inequality).
package struct AlphaBudget: Hashable, Sendable, Codable, CustomStringConvertible {
    /// What one metric may spend.
    package struct Share: Hashable, Sendable, Codable {
        package let metric: SignalName
        /// Relative to the sum of all weights; at least 0, and 0 spends nothing.
        package let weight: Int64
        package let chance: Chance
    }

    /// Never less than the sum of the shares.
    package let total: Chance
    /// In the order in which the metrics were given.
    package let shares: [Share]

    /// Splits `total`; each share is rounded down to a billionth.
    ///
    /// - Parameter weights: Held between 0 and 10^6.
    package init(total: Chance, weights: [(metric: SignalName, weight: Int64)]) {
        let held = weights.map { ($0.metric, min(max($0.weight, 0), 1_000_000)) }
        let sum = max(held.reduce(0) { $0 + $1.1 }, 1)
        self.total = total
        shares = held.map { metric, weight in
            // 10^9 · 10^6 fits.
            let part = Chance(billionths: total.billionths * weight / sum)
            return Share(metric: metric, weight: weight, chance: part)
        }
    }

    /// `1% for the whole rollout: errors 0.6666666%, latency.p99 0.3333333%`.
    package var description: String {
        let parts = shares.map { "\($0.metric) \($0.chance)" }.joined(separator: ", ")
        return "\(total) for the whole rollout: \(parts)"
    }
}
