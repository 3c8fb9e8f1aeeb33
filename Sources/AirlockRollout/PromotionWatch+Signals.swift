import AirlockAnalysis
package import AirlockModel

extension WatchHistory {
    /// Learns from what the slot that serves did; nil of too little to know anything, and of a source that
    /// counts less often than every ``PromotionWatch/longestSpacing``.
    package init?(_ counters: [SecondCounters]) {
        let distances = zip(counters, counters.dropFirst()).map { $1.second - $0.second }.sorted()
        guard counters.count >= Watch.warmUp else { return nil }
        let spacing = distances[distances.count / 2]
        guard (1...PromotionWatch.longestSpacing).contains(spacing) else { return nil }
        var watches = HardLimit.Known.allCases.map { _ in Watch(spacing: spacing) }
        for second in counters {
            for (place, signal) in HardLimit.Known.allCases.enumerated() {
                if let value = signal.reading(of: second) { _ = watches[place].observe(value) }
            }
        }
        guard watches.contains(where: { $0.usual != nil }) else { return nil }
        // Half of a usual course would be learned on from what the change brought.
        self.init(
            seconds: counters.count * spacing,
            watches: watches.map { $0.usual == nil ? Watch(spacing: spacing) : $0.settled },
            spacing: spacing)
    }
}

extension HardLimit.Known {
    /// The value of one sample; nil where that sample has none.
    func reading(of counters: SecondCounters) -> Double? {
        switch self {
        case .errorRate:
            counters.requests > 0 ? Double(counters.errors) / Double(counters.requests) : nil
        case .latencyP99: counters.latencyP99Microseconds.map { Double($0) / 1_000_000 }
        case .cpu: counters.cpuBasisPoints.map { Double($0) / 10_000 }
        case .memory: counters.memoryBytes.map(Double.init)
        }
    }

    /// What a release may have where the one before had `usual`: at the standard sensitivity a quarter
    /// more, and of errors half.
    func tolerated(from usual: Double, at sensitivity: Sensitivity) -> Double {
        let reach = sensitivity.reach
        return switch self {
        case .errorRate: max(usual * (1 + 0.5 * reach), usual + 0.002 * reach)
        case .latencyP99: max(usual * (1 + 0.25 * reach), usual + 0.005 * reach)
        case .cpu: max(usual * (1 + 0.25 * reach), usual + 0.02 * reach)
        case .memory: max(usual * (1 + 0.25 * reach), usual + 1_048_576 * reach)
        }
    }

    /// A value as people read it.
    func text(_ value: Double) -> String {
        guard value.isFinite else { return "unknown" }
        func digits(_ number: Double) -> String {
            let rounded = abs(number) >= 100 ? number.rounded() : (number * 100).rounded() / 100
            return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
        }
        return switch self {
        case .errorRate, .cpu: digits(value * 100) + "%"
        case .latencyP99: digits(value * 1000) + " ms"
        case .memory: digits(value / 1_048_576) + " MiB"
        }
    }
}
