/// How long requests of both slots took in one look: counts by bucket.
///
/// Both slots use the same buckets, in rising order; the last one has no upper bound.
package struct LatencyTally: Hashable, Sendable, Codable {
    package let canary: [Int64]
    package let stable: [Int64]
    /// Who had the canary's slow requests, as far as the source can tell.
    package let witnesses: Witnesses

    package init(canary: [Int64], stable: [Int64], witnesses: Witnesses) {
        self.canary = canary
        self.stable = stable
        self.witnesses = witnesses
    }

    /// Buckets that are taken at most.
    package static let mostBuckets = 512
    /// The largest count of one slot and look that is taken: 2^40.
    package static let mostRequests: Int64 = 1 << 40

    /// Whether the counts can be what they claim: equal buckets and no negative or absurd count.
    package var isSound: Bool {
        guard canary.count == stable.count, (2...Self.mostBuckets).contains(canary.count) else {
            return false
        }
        return [canary, stable].allSatisfy { counts in
            counts.allSatisfy { (0...Self.mostRequests / 512).contains($0) }
        }
    }
}

/// Which share of requests is faster, in thousandths: 990 is p99.
package struct Quantile: Hashable, Sendable, Codable, CustomStringConvertible {
    package let thousandths: Int64

    /// Holds `thousandths` between 1 and 999.
    package init(thousandths: Int64) { self.thousandths = min(max(thousandths, 1), 999) }

    package init(from decoder: any Decoder) throws {
        self.init(thousandths: try decoder.singleValueContainer().decode(Int64.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(thousandths)
    }

    /// The part of requests that is slower.
    package var slow: Chance { Chance(millionths: (1000 - thousandths) * 1000) }

    /// `p99`, `p99.9`.
    package var description: String { "p" + Decimals.text(thousandths, places: 1) }
}

/// What "slow" means in the next look: slower than a quantile of the stable slot's earlier
/// requests.
package struct LatencyReference: Hashable, Sendable, Codable {
    package let quantile: Quantile
    /// Stable requests of earlier looks by bucket; halved when there are many, so that old ones
    /// fade.
    private var earlier: [Int64] = []
    private var total: Int64 = 0

    /// Requests after which old ones begin to fade: 2^20.
    private static let fading: Int64 = 1 << 20
    /// Requests above the quantile that have to be seen first.
    private static let neededAbove: Int64 = 20

    package init(quantile: Quantile) { self.quantile = quantile }

    /// The last bucket that is not slow; nil while too few requests were seen.
    ///
    /// The bucket in which the quantile lies, so that at most its share is slower. Nil too when
    /// that is the bucket without an upper bound: then nothing could be slower.
    package var edge: Int? {
        guard total * (1000 - quantile.thousandths) >= Self.neededAbove * 1000 else { return nil }
        var sum: Int64 = 0
        for (place, count) in earlier.enumerated() {
            sum += count
            if sum * 1000 >= total * quantile.thousandths {
                return place < earlier.count - 1 ? place : nil
            }
        }
        return nil
    }

    /// Learns the stable requests of a look after it was judged. Begins anew with other buckets.
    package mutating func learn(_ counts: [Int64]) {
        if counts.count != earlier.count {
            earlier = counts
        } else {
            for place in counts.indices { earlier[place] += counts[place] }
        }
        total = earlier.reduce(0, +)
        while total > Self.fading {
            for place in earlier.indices { earlier[place] /= 2 }
            total = earlier.reduce(0, +)
        }
    }
}
