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
    /// Of the service's own signals, sorted by name.
    private let named: [(signal: SignalQueries.Named, series: [RangeAnswer.Series])]
    /// The label that names the instance of a series.
    private let label: String
    private let instances: Set<String>
    private let areErrorsSeparate: Bool

    init(
        _ all: [RangeAnswer.Series], of side: RangeQuestion.Side, on grid: SignalGrid,
        asking queries: SignalQueries
    ) {
        areErrorsSeparate = queries.areErrorsSeparate
        label = queries.instance
        self.grid = grid
        self.side = side
        var series: [SignalQueries.Signal: [RangeAnswer.Series]] = [:]
        for signal in SignalQueries.Signal.allCases {
            let name = RangeQuestion.name(side, signal)
            series[signal] = all.filter { $0.labels[RangeQuestion.mark] == name }
        }
        self.series = series
        named = queries.named.map { signal in
            let name = RangeQuestion.name(side, signal)
            return (signal, all.filter { $0.labels[RangeQuestion.mark] == name })
        }
        instances = Set((series[.requests] ?? []).map { $0.instance(by: queries.instance) })
    }

    /// Counters of every step that is wholly known; one that is not is missing, never zero.
    ///
    /// - Throws: ``ProviderError`` when a question can never be answered as it stands.
    func counters() throws(ProviderError) -> [SecondCounters] {
        var counters: [SecondCounters] = []
        var isCounted = false
        var isAbove = false
        var silent: String?
        for time in grid.steps {
            guard let requests = growth(of: series[.requests] ?? [], at: time) else { continue }
            isCounted = true
            guard let errors = growth(of: series[.errors] ?? [], at: time) else { continue }
            // Requests whose errors nobody counts would pass for good ones.
            if let one = instance(in: requests, without: errors) {
                silent = one
                continue
            }
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
        let advice =
            "where a counter begins with its first error, add `or 0 * …` with the query of `requests`"
        if let silent {
            throw .refused(
                "`errors` has no series of \(silent.prefix(64)) on the \(side.rawValue) slot, and "
                    + "`requests` has; \(advice)")
        }
        if series[.errors]?.isEmpty ?? true {
            throw .refused("`errors` has no series on the \(side.rawValue) slot; \(advice)")
        }
        return counters
    }

    /// What a slot without traffic shows: of every step at which anything but its requests is known.
    func ofIdle() -> [SecondCounters] {
        grid.steps.compactMap { time in
            let cpu = highest(.cpu, at: time).map { Int($0 * 1e4) }
            let memory = highest(.memory, at: time).map { Int($0) }
            let named = readings(at: time)
            guard cpu != nil || memory != nil || named != nil else { return nil }
            return SecondCounters(
                second: time - 1, requests: 0, errors: 0, latencyP99Microseconds: nil,
                cpuBasisPoints: cpu, memoryBytes: memory, named: named)
        }
    }

    /// The first instance that counts requests and no errors; nil where there is none, or where the series
    /// do not say of which instance they are.
    private func instance(in requests: Growth, without errors: Growth) -> String? {
        let areTold = [.requests, .errors].allSatisfy { (signal: SignalQueries.Signal) in
            series[signal]?.allSatisfy { $0.labels[label] != nil } ?? false
        }
        guard areTold else { return nil }
        return requests.parts.keys.filter { errors.parts[$0] == nil }.min()
    }

    private func counters(
        at time: Int, _ requests: Growth, _ errors: Growth
    ) -> SecondCounters {
        let buckets = LatencyBuckets(
            series[.latencyBuckets] ?? [], at: time, step: grid.step, tellingBy: label,
            areTold: instances.count > 1)
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
            latencyBuckets: buckets?.counts, slowest: buckets?.slowest, named: readings(at: time))
    }

    /// The service's own signals that have a value then; nil for none.
    private func readings(at time: Int) -> [NamedReading]? {
        let known = named.compactMap { one in
            NamedReading(one.signal.name, values: one.series.compactMap { $0.values[time] })
        }
        return known.isEmpty ? nil : known
    }

    /// The sum over series of how much they grew since the step before.
    ///
    /// Nil where none is known, and where ``SeriesGrowth`` knows of none.
    private func growth(of series: [RangeAnswer.Series], at time: Int) -> Growth? {
        let parts = SeriesGrowth.parts(of: series, at: time, step: grid.step, tellingBy: label)
        guard let parts, !parts.isEmpty else { return nil }
        var growth = Growth()
        for (one, part) in parts {
            growth.sum += part
            growth.parts[one.instance(by: label), default: 0] += part
        }
        return growth
    }

    /// The highest value of all series; nil where none is known or one is no number.
    private func highest(_ signal: SignalQueries.Signal, at time: Int) -> Double? {
        highest(of: series[signal] ?? [], at: time)
    }

    private func highest(of series: [RangeAnswer.Series], at time: Int) -> Double? {
        let values = series.compactMap { $0.values[time] }
        guard values.allSatisfy({ $0.isFinite && $0 >= 0 && $0 < 9e12 }) else { return nil }
        return values.max()
    }

    /// FNV-1a, the same on every machine.
    static func digest(_ text: String) -> UInt64 {
        text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}

// MARK: Single instances

extension CounterSteps {
    /// What each instance did over the steps at which it is wholly known, sorted by its name.
    ///
    /// One whose newest step is not known is left out: what it did before says nothing of it now. One
    /// without a series of errors has none counted, which is not the same as none.
    func ofInstances() -> [InstanceCounters] {
        let (requestsOf, errorsOf) = (grouped(.requests), grouped(.errors))
        let (latencyOf, cpuOf) = (grouped(.latencyP99), grouped(.cpu))
        // One series of no instance is the mean of all.
        let cpu = series[.cpu] ?? []
        let shared = cpu.count == 1 && cpu[0].labels[label] == nil ? cpu : nil
        return instances.sorted().compactMap { name in
            let failures = errorsOf[name]
            var (requests, errors, isFresh) = (0.0, 0.0, false)
            for time in grid.steps {
                isFresh = false
                guard let served = growth(of: requestsOf[name] ?? [], at: time) else { continue }
                if let failures {
                    guard let failed = growth(of: failures, at: time), failed.sum <= served.sum
                    else { continue }
                    errors += failed.sum
                }
                requests += served.sum
                isFresh = true
            }
            guard isFresh, requests < Double(1 << 40) else { return nil }
            let latencies = course(of: latencyOf[name] ?? [])?.sorted()
            let use = course(of: shared ?? cpuOf[name] ?? [])
            return InstanceCounters(
                instance: name, requests: Int(requests.rounded()),
                errors: failures == nil ? nil : Int(errors.rounded()),
                // The middle one: a single slow step is no slow instance.
                latencyP99Microseconds: latencies.map { Int($0[$0.count / 2] * 1e6) },
                cpuBasisPoints: use.map { Int($0.reduce(0, +) / Double($0.count) * 1e4) },
                isCPUOfSlot: shared != nil)
        }
    }

    private func grouped(_ signal: SignalQueries.Signal) -> [String: [RangeAnswer.Series]] {
        Dictionary(grouping: series[signal] ?? []) { $0.instance(by: label) }
    }

    /// The values of a gauge at the steps at which it is known; nil when it is not at the newest.
    private func course(of series: [RangeAnswer.Series]) -> [Double]? {
        guard highest(of: series, at: grid.last) != nil else { return nil }
        return grid.steps.compactMap { highest(of: series, at: $0) }
    }
}

extension RangeAnswer.Series {
    /// Who counted: what the label says, else whatever tells the series apart but the bound of a bucket.
    func instance(by label: String) -> String {
        if let instance = labels[label] { return instance }
        return labels.filter { ![RangeQuestion.mark, "__name__", "le"].contains($0.key) }
            .sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
    }
}
