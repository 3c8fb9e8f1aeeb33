package import AirlockModel
import AirlockPlan
package import AirlockPorts

/// Asks a source of signals what lanes served lately, so that a plan can say how long its canaries need.
package enum TrafficReading {
    /// The lanes whose canary has not begun.
    package static func waiting(in plans: some Sequence<LanePlan>) -> [LanePlan] {
        plans.filter { plan in
            guard let change = plan.change, change.kind == .replace, change.isReturn != true,
                case .canary = change.strategy
            else { return false }
            switch plan.disposition {
            case .change(_, let operation): return operation == nil
            case .hold, .repair: return true
            case .back, .heal, .verify, .leave: return false
            }
        }
    }

    /// What the slot that serves in a lane was asked for lately.
    ///
    /// - Parameters:
    ///   - base: What the lane settled on.
    ///   - signals: Nil where nobody measures.
    package static func traffic(
        of lane: LaneID, base: Settled, from signals: (any SignalSource)?, at now: Timestamp
    ) async -> MeasuredTraffic {
        guard let signals else {
            return MeasuredTraffic(.unknown("nothing measures it"), at: now)
        }
        do throws(ProviderError) {
            let from = Timestamp(
                milliseconds: now.milliseconds - LaneTraffic.window.milliseconds)
            return MeasuredTraffic(
                try await signals.counters(of: lane, slot: base.slot.id, from: from, to: now),
                settled: base.at, at: now, isKeyed: signals.traits.isKeyed)
        } catch {
            return MeasuredTraffic(.unknown(error.phrase), at: now)
        }
    }
}

extension EnvironmentReconciler {
    /// Brings the plan up to date, and measures what lanes serve before their canary may begin.
    ///
    /// Only lanes that every other gate lets through are asked about, and those that wait for nothing but
    /// another answer: what the planner needs of a source stays as small as what may move.
    func planMeasured(
        _ touched: TouchedLanes, _ slice: FleetSlice, observed: ObservedEnvironment, facts: Facts,
        now: Moment
    ) async -> [LanePlan] {
        var facts = facts
        facts.traffic = traffic
        var plans = standing.update(touched, slice, observed: observed, facts: facts, now: now)
        while true {
            let asked = lanesToMeasure(at: now.wall)
            guard !asked.isEmpty else { break }
            for (lane, base) in asked.sorted(by: { $0.lane < $1.lane }) {
                traffic[lane] = await TrafficReading.traffic(
                    of: lane, base: base, from: signals(of: lane), at: now.wall)
            }
            facts.traffic = traffic
            let again = standing.update(
                .some(Set(asked.map(\.lane))), slice, observed: observed, facts: facts, now: now)
            let lanes = Set(again.map(\.lane))
            plans = (plans.filter { !lanes.contains($0.lane) } + again).sorted { $0.lane < $1.lane }
        }
        let waiting = Set(TrafficReading.waiting(in: standing.lanes.values).map(\.lane))
        traffic = traffic.filter { waiting.contains($0.key) }
        return plans
    }

    private func lanesToMeasure(at now: Timestamp) -> [(lane: LaneID, base: Settled)] {
        TrafficReading.waiting(in: standing.lanes.values).compactMap { plan in
            guard traffic[plan.lane]?.isOld(at: now) ?? true, let base = plan.change?.base,
                case .canary(let canary)? = plan.change?.strategy, canary.onUndecided == nil
            else { return nil }
            let failed = plan.verdicts.filter { $0.answer != .pass }
            // One of a group is held by the group too, for what it waits for itself.
            guard failed.allSatisfy({ $0.gate == .decisionTime || $0.gate == .group }) else {
                return nil
            }
            return (plan.lane, base)
        }.sorted { $0.lane < $1.lane }
    }
}
