/// What one slot served in one look: requests, and how many of them were bad.
///
/// A client that retries makes many bad answers out of one fault. Where each fault could be told
/// apart both bounds are equal; where it could not, they are what surely and what at most happened,
/// and every test takes the bound that speaks against its own decision.
package struct Served: Hashable, Sendable, Codable {
    /// Requests, or whatever else gives a bad event its chance.
    package var requests: Int64
    /// Bad events that surely have separate causes.
    package var badAtLeast: Int64
    /// All bad events.
    package var badAtMost: Int64

    /// No request.
    package static let nothing = Served(requests: 0, bad: 0)

    /// Bad events that were told apart.
    package init(requests: Int64, bad: Int64) {
        self.init(requests: requests, badAtLeast: bad, badAtMost: bad)
    }

    package init(requests: Int64, badAtLeast: Int64, badAtMost: Int64) {
        self.requests = requests
        self.badAtLeast = badAtLeast
        self.badAtMost = badAtMost
    }

    /// The largest count of one look that is believed: 2^40.
    package static let most: Int64 = 1 << 40

    /// Whether the counts can be what they claim. A counter that began anew gives negative ones.
    package var isSound: Bool {
        0 <= badAtLeast && badAtLeast <= badAtMost && badAtMost <= requests && requests <= Self.most
    }

    package static func + (left: Served, right: Served) -> Served {
        Served(
            requests: left.requests + right.requests,
            badAtLeast: left.badAtLeast + right.badAtLeast,
            badAtMost: left.badAtMost + right.badAtMost)
    }
}

/// One look at both slots over the same seconds and under one weight.
///
/// While nothing is wrong each bad event is the canary's with the canary's share of the requests,
/// whatever the rate of bad events does over time.
package struct Tally: Hashable, Sendable, Codable {
    /// The new slot.
    package var canary: Served
    /// The slot that serves the rest.
    package var stable: Served
    /// Who had the canary's bad events.
    package var witnesses: Witnesses

    /// No request on either slot.
    package static let nothing = Tally(canary: .nothing, stable: .nothing, witnesses: .none)

    package init(canary: Served, stable: Served, witnesses: Witnesses) {
        self.canary = canary
        self.stable = stable
        self.witnesses = witnesses
    }

    package static func + (left: Tally, right: Tally) -> Tally {
        Tally(
            canary: left.canary + right.canary, stable: left.stable + right.stable,
            witnesses: left.witnesses + right.witnesses)
    }

    /// Whether the counts of both slots can be what they claim.
    package var isSound: Bool { canary.isSound && stable.isSound }

    /// Whether both slots had requests, so that there is something to compare.
    package var isComparable: Bool { canary.requests > 0 && stable.requests > 0 }
}

/// Up to two different keys, connections or instances that had a bad event.
///
/// One broken client or machine is no proof against a release, so two have to agree.
package struct Witnesses: Hashable, Sendable, Codable {
    /// Digest of one name; two are enough to know that there are two.
    private var first: UInt64?
    /// Never equal to `first`.
    private var second: UInt64?

    /// Nobody.
    package static let none = Witnesses([])

    /// Keeps the first two different ones.
    package init(_ digests: [UInt64]) {
        for digest in digests { note(digest) }
    }

    /// Their digests, in the order in which they were noted.
    package var digests: [UInt64] { [first, second].compactMap(\.self) }

    /// Whether two of them agree.
    package var agree: Bool { second != nil }

    /// Keeps `digest` if it is new and one is still missing.
    package mutating func note(_ digest: UInt64) {
        if first == nil {
            first = digest
        } else if second == nil, digest != first {
            second = digest
        }
    }

    package static func + (left: Witnesses, right: Witnesses) -> Witnesses {
        var sum = left
        if let first = right.first { sum.note(first) }
        if let second = right.second { sum.note(second) }
        return sum
    }
}
