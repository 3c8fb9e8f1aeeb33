import Glibc

/// One healthy signal of a family, point by point; its parameters are drawn from the seed.
struct TrialSignal {
    private let family: TrialFamily
    private var dice: TrialRandom
    /// Autocorrelated part.
    private var wander = 0.0
    /// What remains of a burst, or the present level of a step.
    private var held: Double
    private var phase: Double
    private var elapsed = 0.0
    // Parameters of this one series.
    private let base: Double
    private let swing: Double
    private let spread: Double
    private let memory: Double
    private let peak: Double

    init(_ family: TrialFamily, dice seed: TrialRandom) {
        self.family = family
        var dice = seed
        base = dice.uniform(20, 60)
        swing = dice.uniform(0.3, 1)
        spread = dice.uniform(0.5, 1.5)
        memory = dice.uniform(0.3, 0.95)
        peak = dice.uniform(0, 1)
        held = dice.uniform(0, 1)
        phase = dice.uniform(0, 1)
        self.dice = dice
    }

    /// The next value.
    /// - Parameters:
    ///   - clock: Seconds; decides the season.
    ///   - noise: Factor on what is dice, 1 when healthy.
    ///   - pace: Factor on how often things happen, 1 when healthy.
    mutating func next(clock: Double, noise: Double, pace: Double) -> Double {
        let day = clock / 86_400 + peak
        let hourOfDay = (day - day.rounded(.down)) * 24
        let isWeekend = Int(day.rounded(.down)) % 7 >= 5
        let wave = sin(2 * .pi * day)
        wander = memory * wander + sqrt(1 - memory * memory) * dice.gaussian()
        elapsed += 1
        switch family {
        case .diurnalCPU: return base + swing * 15 * wave + noise * 3 * spread * wander
        case .growingTrend:
            return base + elapsed * 0.004 * spread + swing * 8 * wave
                + noise * 1.5 * dice.gaussian()
        case .temperature: return temperature(wave, noise)
        case .weekendTraffic:
            let level = (1.2 + swing * wave) * (isWeekend ? 0.55 : 1)
            return max(0, 200 * base * level * (1 + noise * 0.08 * spread * wander))
        case .travelTime: return travelTime(hourOfDay, isWeekend ? 0.15 : 1, noise)
        case .clickRatio:
            let share = 0.08 * (1 + 0.4 * swing * wave)
            return max(0, share * (1 + noise * 0.2 * spread * dice.gaussian()))
        case .scheduledLoad:
            let busy = hourOfDay >= 1 && hourOfDay < 4 ? base * swing : 0
            return base * 0.3 + busy + noise * spread * dice.gaussian()
        case .burstCounts:
            let mean = base * 0.5 * (1 + 0.7 * swing * wave)
            return dice.poisson(max(0, mean * dice.gamma(shape: 2)))
        case .mentions: return mentions(wave, pace)
        case .lowRequests:
            return dice.poisson(max(0.2, 0.12 * base * (1 + 0.9 * swing * wave)))
        case .sparseWrites:
            guard dice.chance(0.08 * pace) else { return 0 }
            return (1e5 * base * exp(0.9 * spread * dice.gaussian())).rounded()
        case .idleCPU:
            let value = 0.1 * swing + noise * 0.02 * dice.gamma(shape: 3)
            return dice.chance(0.015) ? value + spread * dice.gamma(shape: 3) : value
        case .tailLatency:
            let body = base * exp(0.25 * noise * spread * dice.gaussian() + 0.1 * wave * swing)
            return dice.chance(0.01) ? body * pow(dice.uniform(), -0.5) : body
        case .stepUse:
            if dice.chance(0.004 * pace) { held = Double(dice.below(5)) / 4 }
            return base + 30 * held + noise * 0.7 * spread * dice.gaussian()
        case .sawtoothMemory: return sawtooth(noise, pace)
        case .quantised:
            return (3 + 2 * swing * wave + noise * spread * 0.7 * wander).rounded()
        case .rareSpikes:
            let floor = base + noise * 0.05 * dice.gaussian()
            return dice.chance(0.008 * pace) ? floor + base * dice.uniform(0.5, 1.5) : floor
        case .squareNetwork:
            phase += pace / (30 + 100 * swing)
            let isOn = phase - phase.rounded(.down) < 0.35
            return max(0, 10 * base * (isOn ? 6 : 1) * (1 + noise * 0.15 * wander))
        }
    }

    private mutating func temperature(_ wave: Double, _ noise: Double) -> Double {
        held = 0.985 * held + 0.5 * spread * noise * dice.gaussian()
        return base + 3 * held + swing * 2 * wave
    }

    private mutating func travelTime(
        _ hour: Double, _ rush: Double, _ noise: Double
    ) -> Double {
        let morning = exp(-(hour - 8) * (hour - 8) / 3)
        let evening = exp(-(hour - 17.5) * (hour - 17.5) / 4)
        let level = base * (1 + swing * rush * (morning + 1.3 * evening))
        return max(1, level * (1 + noise * 0.12 * spread * dice.gaussian())).rounded()
    }

    private mutating func mentions(_ wave: Double, _ pace: Double) -> Double {
        held *= 0.85
        if dice.chance(0.01 * pace) { held += base * 0.5 * dice.exponential() }
        return dice.poisson(max(0.1, 0.3 * base * (1 + 0.6 * swing * wave) + held))
    }

    private mutating func sawtooth(_ noise: Double, _ pace: Double) -> Double {
        phase += pace * (0.006 + 0.01 * swing) * (1 + 0.1 * dice.gaussian())
        if phase >= 1 { phase = 0.05 * dice.uniform() }
        return base + 35 * phase + noise * 0.5 * spread * dice.gaussian()
    }
}
