import Glibc

/// Simple detectors to compare with.
package enum TrialBaseline: String, CaseIterable, Sendable {
    /// `lots` draws each score from a seed.
    case constant, lots, windowedGaussian, robust

    /// One score for each value, causal.
    package func scores(of series: TrialSeries, seed: UInt64) -> [Double] {
        switch self {
        case .constant: series.values.map { _ in 0.5 }
        case .lots: Self.lots(series.values.count, seed)
        case .windowedGaussian: Self.gaussian(series.values, window: 1_000)
        case .robust: Self.robust(series.values, window: 401)
        }
    }

    private static func lots(_ count: Int, _ seed: UInt64) -> [Double] {
        var dice = TrialRandom(seed: seed)
        return (0..<count).map { _ in dice.uniform() }
    }

    /// One minus the tail probability under a normal distribution fitted to the window before.
    private static func gaussian(_ values: [Double], window: Int) -> [Double] {
        var sum = 0.0
        var squares = 0.0
        return values.indices.map { index in
            let count = Double(min(index, window))
            let mean = count > 0 ? sum / count : 0
            let variance = count > 1 ? max(1e-12, squares / count - mean * mean) : 1
            let distance = abs(values[index] - mean) / sqrt(variance)
            sum += values[index]
            squares += values[index] * values[index]
            if index >= window {
                let old = values[index - window]
                sum -= old
                squares -= old * old
            }
            return count < 20 ? 0 : distance / (distance + 4)
        }
    }

    /// Distance to the window's median in units of its median absolute deviation.
    private static func robust(_ values: [Double], window: Int) -> [Double] {
        var sorted: [Double] = []
        var middle = 0.0
        var deviation = 1.0
        return values.indices.map { index in
            if index >= 20, index % 8 == 0 {
                sorted = values[max(0, index - window)..<index].sorted()
                middle = sorted[sorted.count / 2]
                let distances = sorted.map { abs($0 - middle) }.sorted()
                deviation = max(1e-9, 1.4826 * distances[distances.count / 2])
            }
            guard index >= 20 else { return 0 }
            let distance = abs(values[index] - middle) / deviation
            return distance / (distance + 8)
        }
    }
}
