package import AirlockAnalysis

/// What one slot said about a signal of the service's own at one time.
package struct NamedReading: Hashable, Sendable, Codable {
    package let signal: SignalName
    /// Of all its series.
    package let lowest: SignalValue
    package let highest: SignalValue

    package init(_ signal: SignalName, lowest: SignalValue, highest: SignalValue) {
        self.signal = signal
        self.lowest = lowest
        self.highest = highest
    }

    /// Returns nil without a value, and where one of them is none: it could be beyond any bound.
    ///
    /// - Parameter values: Those of all its series, in the signal's own unit.
    package init?(_ signal: SignalName, values: [Double]) {
        let known = values.compactMap { SignalValue($0) }
        guard known.count == values.count, let lowest = known.min(), let highest = known.max()
        else { return nil }
        self.init(signal, lowest: lowest, highest: highest)
    }

    /// The value that a bound is held to: the one that is nearest to its forbidden side.
    package func value(against side: HardLimit.Side) -> SignalValue {
        switch side {
        case .above: highest
        case .below: lowest
        }
    }
}
