/// A cumulative sum of deviations (E. S. Page, Biometrika 41, 1954) whose limit is learned from the
/// sum's own healthy past, so that autocorrelated and heavy-tailed signals get the limit they need.
///
/// The limit is a high quantile of the greatest sum within 120 samples under a Gumbel distribution
/// fitted by moments (E. J. Gumbel, "Statistics of extremes", 1958).
struct LearnedSum: Hashable, Sendable, Codable {
    /// Samples in a block.
    private static let block = 120.0
    /// How many blocks are remembered.
    private static let memory = 360.0

    /// How much higher the limit is after one block than after many, as a share of the reach.
    private static let caution = 8.0

    /// What a deviation must exceed to count, in standard deviations.
    let slack: Double
    /// The least limit, in standard deviations times samples.
    let leastLimit: Double
    /// How many standard deviations of a block's greatest sum the limit lies above their mean.
    let reach: Double

    private(set) var sum = 0.0
    /// Samples since the sum was zero.
    private(set) var age = 0.0
    private var greatest = 0.0
    private var place = 0.0
    private var blocks = 0.0
    private var mean = 0.0
    private var square = 0.0

    init(slack: Double, leastLimit: Double, reach: Double) {
        self.slack = slack
        self.leastLimit = leastLimit
        self.reach = reach
    }

    /// The sum at which something is wrong.
    var limit: Double {
        let deviation = max(0, square - mean * mean).squareRoot()
        return max(leastLimit, mean + reach * (1 + Self.caution / (blocks + 1)) * deviation)
    }

    /// Adds a deviation and tells the sum's share of the limit.
    mutating func add(_ deviation: Double) -> Double {
        sum = max(0, sum + deviation - slack)
        age = sum > 0 ? age + 1 : 0
        greatest = max(greatest, sum)
        place += 1
        if place >= Self.block { closeBlock() }
        return sum / limit
    }

    private mutating func closeBlock() {
        blocks += 1
        learn(blocks < 5 ? greatest : min(greatest, limit))
        greatest = sum
        place = 0
    }

    private mutating func learn(_ seen: Double) {
        let rate = max(1 / blocks, 1 / Self.memory)
        mean += rate * (seen - mean)
        square += rate * (seen * seen - square)
    }

    /// Forgets the sum after an alarm. What it reached is learned whole, so that a signal that
    /// often comes back by itself gets a higher limit.
    mutating func restart() {
        blocks += 1
        learn(min(max(greatest, sum), 3 * limit))
        sum = 0
        age = 0
        greatest = 0
        place = 0
    }
}
