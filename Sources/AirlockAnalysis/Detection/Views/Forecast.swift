/// What the next value is likely to be: the best of a few one-step forecasts, by how far each was
/// off lately.
struct Forecast: Sendable {
    /// Rates of simple exponential smoothing; the first repeats the last value.
    private static let rates = [1.0, 0.35, 0.08]
    /// A trend that dies out (E. S. Gardner, E. McKenzie, Management Science 31, 1985).
    private static let damping = 0.95
    private static let trendLevelRate = 0.5
    private static let slopeRate = 0.1
    /// At what rate errors are forgotten, per value.
    private static let errorRate = 0.005

    private var levels: [Double] = []
    private var trendLevel = 0.0
    private var slope = 0.0
    private var errors = [Double](repeating: 0, count: Self.rates.count)
    private var trendError = 0.0
    private var count = 0.0

    /// The forecast made before `value` was seen; then learns it.
    mutating func next(_ value: Double) -> Double {
        guard count > 0 else {
            levels = Self.rates.map { _ in value }
            trendLevel = value
            count = 1
            return value
        }
        let trended = trendLevel + Self.damping * slope
        var result = trended
        var least = trendError
        for index in errors.indices where errors[index] <= least {
            least = errors[index]
            result = levels[index]
        }
        learn(value, trended)
        return result
    }

    private mutating func learn(_ value: Double, _ trended: Double) {
        let rate = max(1 / (count + 1), Self.errorRate)
        for index in levels.indices {
            let error = value - levels[index]
            errors[index] += rate * (abs(error) - errors[index])
            levels[index] += Self.rates[index] * error
        }
        let error = value - trended
        trendError += rate * (abs(error) - trendError)
        trendLevel = trended + Self.trendLevelRate * error
        slope = Self.damping * slope + Self.slopeRate * error
        count += 1
    }
}
