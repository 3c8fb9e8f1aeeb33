import AirlockAnalysis
import AirlockModel

extension CanaryState {
    /// What one second says about one metric; nil when it says nothing.
    ///
    /// - Parameter again: Restarts of the new slot, which are bad events of their own; nil for none.
    static func counts(
        of metric: MetricState, _ new: SecondCounters?, _ old: SecondCounters?, _ again: Tally?
    ) -> JudgedLook.Counts? {
        switch metric.tests {
        case .events, .parts:
            // A slot that nobody counted is none without requests; what was started again is known all the same.
            guard new != nil, old != nil else {
                return again.flatMap { $0.canary.requests > 0 ? .events($0) : nil }
            }
            let tally = Tally(
                canary: served(new), stable: served(old), witnesses: witnesses(new))
            return .events(again.map { tally + $0 } ?? tally)
        case .latency(let test):
            guard let canary = new?.latencyBuckets, let stable = old?.latencyBuckets else {
                return nil
            }
            // Who was slow by the reference under which this second is weighed.
            let edge = test.reference.edge ?? .max
            let slow = (new?.slowest ?? []).filter { $0.bucket > edge }.map(\.witness)
            return .latencies(
                LatencyTally(
                    canary: canary.map(Int64.init), stable: stable.map(Int64.init),
                    witnesses: Witnesses(slow)))
        }
    }

    private static func served(_ counters: SecondCounters?) -> Served {
        guard let counters else { return .nothing }
        let errors = max(0, counters.errors)
        let separate = counters.separateErrors ?? min(errors, 1)
        return Served(
            requests: Int64(counters.requests), badAtLeast: Int64(min(separate, errors)),
            badAtMost: Int64(counters.errors))
    }

    /// Who had the errors; where nobody can tell, the seconds are the witnesses.
    private static func witnesses(_ counters: SecondCounters?) -> Witnesses {
        guard let counters, counters.errors > 0 else { return .none }
        return Witnesses(counters.witnesses ?? [UInt64(max(0, counters.second))])
    }
}
