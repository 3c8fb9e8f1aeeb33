import Glibc

/// A signal of a service, sampled once a second, for trials of ``Watch``.
package enum WatchSignal: String, CaseIterable, Sendable {
    /// A high quantile of the latency, in milliseconds: log-normal, autocorrelated, with spikes.
    case latency
    /// The share of requests that fail: counts in bursts.
    case errors
    /// The CPU time in use, in percent: autocorrelated, busy by day.
    case cpu
    /// The memory in use, in MB: a slow course and collections of garbage.
    case memory

    /// Within how many seconds half of the faults shall be found.
    package var target: Int {
        switch self {
        case .latency, .errors: 10
        case .cpu: 15
        case .memory: 180
        }
    }

    /// The fault that is put in, in words.
    package var fault: String {
        switch self {
        case .latency: "twice the latency"
        case .errors: "five times the errors"
        case .cpu: "CPU up by 40%"
        case .memory: "a leak of 1% a minute"
        }
    }

    /// The factor on the healthy value `age` seconds after the fault began.
    func factor(age: Double) -> Double {
        switch self {
        case .latency: 2
        case .errors: 5
        case .cpu: 1.4
        case .memory: 1 + 0.01 * age / 60
        }
    }
}

/// One service's signal, second by second.
private struct WatchedService {
    private let signal: WatchSignal
    private var dice: TrialRandom
    private let base: Double
    private let spread: Double
    private let memory: Double
    private let swing: Double
    private let peak: Double
    private var wander = 0.0
    private var burst = 0.0
    private var second = 0.0
    private var phase = 0.0

    init(_ signal: WatchSignal, seed: UInt64) {
        self.signal = signal
        var dice = TrialRandom(seed: seed &* 77_777 &+ 13)
        base = dice.uniform(0.5, 2)
        spread = dice.uniform(0.5, 1)
        memory = dice.uniform(0.3, 0.9)
        swing = dice.uniform(0.1, 0.4)
        peak = dice.uniform()
        self.dice = dice
    }

    /// The next sample; `factor` is 1 when healthy.
    mutating func next(factor: Double) -> Double {
        second += 1
        let wave = sin(2 * .pi * (second / 86_400 + peak))
        wander = memory * wander + sqrt(1 - memory * memory) * dice.gaussian()
        switch signal {
        case .latency:
            let body = 40 * base * (1 + swing * wave) * exp(0.18 * spread * wander)
            return factor * (dice.chance(0.004) ? body * dice.uniform(1.5, 6) : body)
        case .errors:
            let requests = dice.poisson(300 * base * (1 + swing * wave))
            burst *= 0.5
            if dice.chance(0.002) { burst += 3 * dice.exponential() }
            let failed = dice.poisson(factor * requests * 0.004 * spread + burst)
            return requests > 0 ? min(1, failed / requests) : .nan
        case .cpu:
            let load = 22 * base * (1 + swing * wave) * (1 + 0.12 * spread * wander)
            return min(100, max(0, factor * load + (dice.chance(0.003) ? 15 : 0)))
        case .memory:
            phase += 1 / (40 + 60 * spread)
            if phase >= 1 { phase = 0 }
            let use = 1 + 0.15 * swing * wave + 0.012 * spread * phase
            return 512 * base * factor * (use + 0.004 * spread * wander)
        }
    }
}

/// What is scraped of a service: of latency, errors and CPU the mean since the scrape before, of memory
/// what it is.
private struct ScrapedService {
    private var service: WatchedService
    private let signal: WatchSignal
    private let spacing: Int
    /// Seconds that have gone by.
    private(set) var second = 0

    init(_ signal: WatchSignal, seed: UInt64, spacing: Int) {
        service = WatchedService(signal, seed: seed)
        self.signal = signal
        self.spacing = spacing
    }

    /// The next sample.
    /// - Parameter factor: Of a second since the start; 1 when healthy.
    mutating func next(_ factor: (Int) -> Double) -> Double {
        var (last, sum, count) = (Double.nan, 0.0, 0.0)
        for _ in 0..<spacing {
            last = service.next(factor: factor(second))
            second += 1
            guard last.isFinite else { continue }
            sum += last
            count += 1
        }
        guard spacing > 1, signal != .memory else { return last }
        return count > 0 ? sum / count : .nan
    }
}

/// How a watch did on one kind of signal.
package struct WatchTrial: Sendable {
    /// For how many seconds a fault lasts.
    private static let faultTime = 1_200

    /// The kind of signal.
    package let signal: WatchSignal
    /// Seconds between two samples.
    package let spacing: Int
    /// Seconds from the fault to the alarm, one for each faulty series, in ascending order; a
    /// missed fault is `Int.max`.
    package let delays: [Int]
    /// False alarms of each healthy series.
    package let falseAlarms: [Int]
    /// Seconds of each healthy series.
    package let healthyLength: Int

    /// The median of ``delays``.
    package var medianDelay: Int { delays.isEmpty ? .max : delays[delays.count / 2] }
    /// False alarms per series and day of 86,400 seconds, the mean over all.
    package var falseAlarmsPerDay: Double {
        let days = Double(falseAlarms.count * healthyLength) / 86_400
        return days == 0 ? 0 : Double(falseAlarms.reduce(0, +)) / days
    }

    /// Runs a watch over healthy and over faulty series.
    /// - Parameters:
    ///   - seeds: One healthy and one faulty series for each.
    ///   - healthyLength: Seconds of a healthy series; a day has 86,400.
    ///   - spacing: Seconds between two samples, at least 1.
    package init(
        _ signal: WatchSignal, seeds: Range<UInt64>, healthyLength: Int = 86_400,
        spacing: Int = 1, sensitivity: Sensitivity = .standard
    ) {
        self.signal = signal
        self.spacing = spacing
        self.healthyLength = healthyLength
        falseAlarms = seeds.map { seed in
            let service = ScrapedService(signal, seed: seed, spacing: spacing)
            return Self.alarms(service, length: healthyLength, spacing, sensitivity)
        }
        delays = seeds.map { Self.delay(signal, seed: $0, spacing, sensitivity) }.sorted()
    }

    private static func alarms(
        _ service: ScrapedService, length: Int, _ spacing: Int, _ sensitivity: Sensitivity
    ) -> Int {
        var service = service
        var watch = Watch(spacing: spacing)
        var count = 0
        while service.second + spacing <= length {
            let value = service.next { _ in 1 }
            if case .raised = watch.observe(value, at: sensitivity) { count += 1 }
        }
        return count
    }

    /// A fault begins after 1,800 to 5,400 samples, in the midst of one, and lasts for 20 minutes.
    private static func delay(
        _ signal: WatchSignal, seed: UInt64, _ spacing: Int, _ sensitivity: Sensitivity
    ) -> Int {
        var dice = TrialRandom(seed: seed &+ 5_000_000)
        var service = ScrapedService(signal, seed: seed &+ 1_000_000, spacing: spacing)
        var watch = Watch(spacing: spacing)
        let begin = (1_800 + dice.below(3_600)) * spacing + dice.below(spacing)
        while service.second < begin + faultTime {
            let value = service.next { second in
                second < begin ? 1 : signal.factor(age: Double(second - begin + 1))
            }
            let verdict = watch.observe(value, at: sensitivity)
            if service.second > begin, case .raised = verdict { return service.second - begin }
        }
        return .max
    }
}
