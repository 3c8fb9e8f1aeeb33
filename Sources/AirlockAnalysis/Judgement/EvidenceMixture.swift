/// A stake that is split over several bets, with a reserve for harm that begins later.
///
/// The mean of e-values is an e-value, and so is a stake of which a part still lies on the table:
/// that part counts as 1 until it is bet. Moving it needs no correction of α.
package struct EvidenceMixture: Hashable, Sendable, Codable {
    /// One stake for each bet.
    package private(set) var parts: [LogEvidence]
    /// What is not bet yet.
    package private(set) var reserve: LogEvidence

    /// What share of the reserve one renewal bets: 1/8.
    private static let renewedPart: UInt128 = 8

    /// Splits the stake by `weights`; `reserved` of it stays out.
    ///
    /// - Parameter reserved: Has the unit of `weights`.
    package init(weights: [Int64], reserved: Int64) {
        let whole = UInt128(weights.reduce(reserved, +))
        let share = { (part: Int64) -> LogEvidence in
            part == 0
                ? .least : LogEvidence(fixed: Int128(Logarithm.ln(UInt128(part), over: whole)))
        }
        parts = weights.map(share)
        reserve = share(reserved)
    }

    /// The evidence of the whole stake.
    package var total: LogEvidence { LogEvidence.sum(parts, and: reserve) }

    /// Lets one bet win or lose.
    package mutating func add(_ evidence: LogEvidence, at place: Int) {
        parts[place] = parts[place] + evidence
    }

    /// Bets an eighth of the reserve anew, in equal parts, so that a harm which begins now is not
    /// held against all the good evidence of earlier hours.
    package mutating func renew() {
        guard reserve > .least else { return }
        let each = Logarithm.ln(1, over: Self.renewedPart * UInt128(parts.count))
        let fresh = reserve + LogEvidence(fixed: Int128(each))
        for place in parts.indices { parts[place] = LogEvidence.sum([parts[place], fresh]) }
        let left = Logarithm.ln(Self.renewedPart - 1, over: Self.renewedPart)
        reserve = reserve + LogEvidence(fixed: Int128(left))
    }
}
