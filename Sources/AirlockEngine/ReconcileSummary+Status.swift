import AirlockModel
import AirlockPlan

extension ReconcileSummary {
    /// Adds what came of one environment after the ending of that number.
    ///
    /// - Parameter waits: What its operations stay where they are for, by their changes.
    mutating func add(
        _ status: EnvironmentStatus, of environment: EnvironmentName, since mark: Int,
        waits: [ChangeID: RolloutWait]
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
                case .test: continue
                case .rollback:
                    if rollbacks == nil { rollbacks = [] }
                    rollbacks?.append(lane)
                }
            case .rolledBack: rolledBack.append(lane)
            case .superseded, .expired, .verified: continue
            }
        }
        for (lane, test) in status.tests where test.number > mark {
            if tested == nil { tested = [:] }
            tested?[lane] = test.outcome
        }
        for lane in status.lanes {
            if let wait = lane.wait(among: waits) {
                heldForward.append(lane.lane)
                held[lane.lane] = "\(wait.phrase): \(wait.advice(for: lane.lane))"
                continue
            }
            let isLeftOut = status.leftOut.contains(lane.lane)
            if lane.holdsChange {
                if lane.holdTurnsByItself, !isLeftOut {
                    if waiting == nil { waiting = [] }
                    waiting?.append(lane.lane)
                } else {
                    heldForward.append(lane.lane)
                }
            }
            switch lane.disposition {
            case .change, .repair, .heal, .verify, .back:
                if isLeftOut {
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

    /// Tells what waits from what is held, once every environment was added.
    ///
    /// A lane that goes on by itself goes on after another one. Where none is under way nothing comes that
    /// would let it, and whoever deploys has to know: it is held.
    mutating func tellWaiting() {
        guard let found = waiting else { return }
        guard !underWay.isEmpty else {
            heldForward += found
            waiting = nil
            return
        }
        let told = found.filter { held[$0] != nil }
        waiting = told.isEmpty ? nil : told
    }
}
