import AirlockModel
import AirlockPorts

/// What the series of one slot come to at each step. Pure.
struct CounterSteps {
    /// Growth of one counter at a step, by who counted.
    private struct Growth {
        var sum = 0.0
        /// By instance.
        var parts: [String: Double] = [:]
    }

    let grid: SignalGrid
    let side: RangeQuestion.Side
    private let series: [SignalQueries.Signal: [RangeAnswer.Series]]
    private let instances: Set<String>
    private let areErrorsSeparate: Bool

    init(
        _ all: [RangeAnswer.Series], of side: RangeQuestion.Side, on grid: SignalGrid,
        areErrorsSeparate: Bool
    ) {
        self.areErrorsSeparate = areErrorsSeparate
        self.grid = grid
        self.side = side
        var series: [SignalQueries.Signal: [RangeAnswer.Series]] = [:]
        for signal in SignalQueries.Signal.allCases {
            let name = RangeQuestion.name(side, signal)
            series[signal] = all.filter { $0.labels[RangeQuestion.mark] == name }
        }
        self.series = series
        instances = Set((series[.requests] ?? []).map(Self.instance))
    }

    /// Counters of every step that is wholly known; one that is not is missing, never zero.
    ///
    /// - Throws: ``ProviderError`` when a question can never be answered as it stands.
    func counters() throws(ProviderError) -> [SecondCounters] {
        var counters: [SecondCounters] = []
        var isCounted = false
        var isAbove = false
        for time in grid.steps {
            guard let requests = growth(of: .requests, at: time) else { continue }
            isCounted = true
            guard let errors = growth(of: .errors, at: time) else { continue }
            guard errors.sum <= requests.sum, requests.sum < Double(1 << 40) else {
                isAbove = true
                continue
            }
            counters.append(self.counters(at: time, requests, errors))
        }
        guard counters.isEmpty, isCounted else { return counters }
        if isAbove {
            throw .refused("`errors` counts more than `requests` on the \(side.rawValue) slot")
        }
        if series[.errors]?.isEmpty ?? true {
            throw .refused(
                "`errors` has no series on the \(side.rawValue) slot; where a counter begins with its "
                    + "first error, add `or 0 * …` with the query of `requests`")
        }
        return counters
    }

    private func counters(
        at time: Int, _ requests: Growth, _ errors: Growth
    ) -> SecondCounters {
        let buckets = LatencyBuckets(
            series[.latencyBuckets] ?? [], at: time, step: grid.step, areTold: instances.count > 1)
        let count = Int(errors.sum.rounded())
        let failing = errors.parts.filter { $0.value >= 0.5 }.keys.sorted().map(Self.digest)
        let clients = (0..<min(count, 2)).map { Self.digest("\(time) \($0)") }
        // Of a single instance only its seconds can be witnesses.
        let areTold = instances.count > 1
        return SecondCounters(
            second: time - 1, requests: Int(requests.sum.rounded()),
            errors: count,
            latencyP99Microseconds: highest(.latencyP99, at: time).map { Int($0 * 1e6) },
            cpuBasisPoints: highest(.cpu, at: time).map { Int($0 * 1e4) },
            memoryBytes: highest(.memory, at: time).map { Int($0) },
            separateErrors: areErrorsSeparate ? count : areTold ? failing.count : nil,
            witnesses: areErrorsSeparate ? clients : areTold ? failing : nil,
            latencyBuckets: buckets?.counts, slowest: buckets?.slowest)
    }

    /// The sum over all series of how much they grew since the step before; nil where none is known or one
    /// is no number.
    private func growth(of signal: SignalQueries.Signal, at time: Int) -> Growth? {
        var growth = Growth()
        var isKnown = false
        for one in series[signal] ?? [] {
            guard let now = one.values[time] else { continue }
            guard now.isFinite, now >= 0 else { return nil }
            guard let before = one.values[time - grid.step] else { continue }
            guard before.isFinite, before >= 0 else { return nil }
            isKnown = true
            // A counter that fell began anew at zero.
            let part = now >= before ? now - before : now
            growth.sum += part
            growth.parts[Self.instance(one), default: 0] += part
        }
        return isKnown ? growth : nil
    }

    /// The highest value of all series; nil where none is known or one is no number.
    private func highest(_ signal: SignalQueries.Signal, at time: Int) -> Double? {
        let values = (series[signal] ?? []).compactMap { $0.values[time] }
        guard values.allSatisfy({ $0.isFinite && $0 >= 0 && $0 < 9e12 }) else { return nil }
        return values.max()
    }

    /// Who counted: the instance that was scraped, else whatever tells the series apart.
    static func instance(_ series: RangeAnswer.Series) -> String {
        if let instance = series.labels["instance"] { return instance }
        return series.labels.filter { $0.key != RangeQuestion.mark && $0.key != "__name__" }
            .sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
    }

    /// FNV-1a, the same on every machine.
    static func digest(_ text: String) -> UInt64 {
        text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}
