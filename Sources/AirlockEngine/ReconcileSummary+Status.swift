import AirlockModel
import AirlockPlan

extension ReconcileSummary {
    /// Adds what came of one environment after the ending of that number.
    ///
    /// - Parameter waits: What its operations wait for a person with, by their changes.
    mutating func add(
        _ status: EnvironmentStatus, of environment: EnvironmentName, since mark: Int,
        waits: [ChangeID: PersonWait]
    ) {
        if let fault = status.fault { faults.append("\(environment): \(fault)") }
        // Picked before they are sorted: there is an ending for every lane that ever moved.
        let fresh = status.endings.filter { $0.value.number > mark }
        for (lane, ending) in fresh.sorted(by: { $0.key < $1.key }) {
            switch ending.outcome {
            case .settled:
                switch ending.work {
                case .change: settled.append(lane)
                case .repair: repaired.append(lane)
                case .rollback:
                    if rollbacks == nil { rollbacks = [] }
                    rollbacks?.append(lane)
                }
            case .rolledBack: rolledBack.append(lane)
            case .superseded, .expired, .verified: continue
            }
        }
        for lane in status.lanes {
            if let wait = lane.wait(among: waits) {
                heldForward.append(lane.lane)
                held[lane.lane] = "\(wait.phrase): \(wait.advice(for: lane.lane))"
                continue
            }
            if lane.holdsChange { heldForward.append(lane.lane) }
            switch lane.disposition {
            case .change, .repair, .heal, .verify, .back:
                if status.leftOut.contains(lane.lane) {
                    leftOut.append(lane.lane)
                } else {
                    underWay.append(lane.lane)
                    failures[lane.lane] = status.failures[lane.lane]
                }
            case .leave: continue
            case .hold(let reason): held[lane.lane] = reason.phrase
            }
        }
    }
}
