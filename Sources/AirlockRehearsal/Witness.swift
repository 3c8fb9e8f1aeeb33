import AirlockMemory
import AirlockModel
import AirlockRollout
import AirlockSimulator
import Synchronization

/// Holds what the world did against what the ledger would still say after a kill.
///
/// It believes the world's own record and durable entries, never what the engine remembers.
final class Witness: Sendable {
    private struct Notes {
        var violations: [String] = []
        /// How many deliveries and entries were looked at.
        var deliveries = 0
        var entries = 0
        var applied: [ActionKey: Int] = [:]
        /// Intended entries, and orders that went out, by key.
        var intended: [String: Int] = [:]
        var sent: [ActionKey: Int] = [:]
        /// What was applied in each lane since somebody's hand was last in it.
        var deeds: [LaneID: Set<Deed>] = [:]
        var epochs: [EnvironmentName: Epoch] = [:]
        /// Verdicts that were judged again.
        var judged = 0
        var rules: ReleaseRules
        /// Operations that go back by a watch and have not ended, and how many entries were searched.
        var reversing: [Int: Reversal] = [:]
        var searched = 0
    }

    /// One thing that an operation did.
    private struct Deed: Hashable {
        let operation: Int
        let action: Action

        /// Whether this starts what the other stopped, stops what it started, or takes back its traffic: a
        /// slot that fails after it took the traffic gives it back, and may take it again. An order that
        /// came late undoes what a later operation did; none makes room for one that was overtaken.
        func undoes(_ other: Deed) -> Bool {
            guard operation <= other.operation else { return false }
            switch (action, other.action) {
            case (.start(let spec, _), .stop(let slot)), (.stop(let slot), .start(let spec, _)):
                return spec.id == slot
            case (.route(let mine), .route(let theirs)): return mine != theirs
            // Git may ask for another number while the slot is rolled out, and for the first one again.
            case (.scale(let mine, let count), .scale(let theirs, let before)):
                return mine == theirs && count != before
            case (.start, _), (.stop, _), (.scale, _), (.route, _), (.restart, _), (.replace, _),
                (.eject, _), (.readmit, _), (.run, _):
                return false
            }
        }
    }

    private let notes: Mutex<Notes>
    /// Whether the world knows no keys: an order that was sent again, after nothing was seen of it, may
    /// come late and be carried out as often as it was sent.
    private let isKeyless: Bool

    init(isKeyless: Bool, demands: ReleaseDemands) {
        self.isKeyless = isKeyless
        notes = Mutex(Notes(rules: ReleaseRules(demands)))
    }

    /// What was found wrong, the first first.
    var violations: [String] { notes.withLock { $0.violations } }

    /// Orders that changed the world.
    var appliedCount: Int { notes.withLock { $0.applied.count } }

    /// Verdicts of rollouts that were judged again from the log.
    var judgedCount: Int { notes.withLock { $0.judged } }

    func accuse(_ what: String) { notes.withLock { $0.violations.append(what) } }

    /// Notes the claim that the world stored.
    func saw(claim: Claim, in environment: EnvironmentName) {
        notes.withLock { $0.epochs[environment] = claim.epoch }
    }

    /// Forgets what was done in lanes that a fault reaches: doing it again may be right there.
    func disturb(_ scope: Freeze.Scope) {
        notes.withLock { notes in
            for lane in notes.deeds.keys where scope.covers(lane) { notes.deeds[lane] = nil }
        }
    }

    /// Checks an order that is about to go out against what is durable.
    ///
    /// - Parameter lane: What is in its lane; nil where that cannot be seen.
    func watch(
        _ order: ActionOrder, in lane: LaneObservation?, durable ledger: MemoryLedger,
        at time: Timestamp
    ) {
        ledger.durable { state, entries in watch(order, in: lane, state, entries, at: time) }
    }

    private func watch(
        _ order: ActionOrder, in lane: LaneObservation?, _ state: LedgerState,
        _ entries: [AuditEntry], at time: Timestamp
    ) {
        notes.withLock { notes in
            for entry in entries[notes.entries...] where entry.draft.kind == .intended {
                notes.intended[entry.draft.detail["key"] ?? "", default: 0] += 1
            }
            notes.entries = entries.count
            notes.sent[order.key, default: 0] += 1
            let intended = notes.intended[order.key.description] ?? 0
            if intended < notes.sent[order.key] ?? 0 {
                notes.violations.append("an order without a durable intent: \(order.phrase)")
            }
            if let why = Self.isForbidden(order, in: lane, state, at: time) {
                notes.violations.append(why)
            }
            if let why = notes.rules.objection(to: order, state) { notes.violations.append(why) }
        }
    }

    private static func isForbidden(
        _ order: ActionOrder, in lane: LaneObservation?, _ state: LedgerState,
        at time: Timestamp
    ) -> String? {
        let freeze = state.freezes.values.first { freeze in
            freeze.scope.covers(order.lane) && (freeze.until.map { $0 > time } ?? true)
        }
        guard let freeze else { return nil }
        let operation = state.operations[order.operation]
        if case .back? = operation?.rollout.direction { return nil }
        if operation?.goesBack == true { return nil }
        // All of the traffic for the slot before goes forward with nothing, where the new one answers none, or none
        // of those that have traffic does, as one of a change whose place was taken.
        if case .route(let weights) = order.action, let base = operation?.change?.base?.slot.id,
            let target = operation?.change?.target.slot, base != target, weights == [base: 1000],
            lane.map({ $0.isSilent(target) || $0.isSilent(allBut: base) }) != false
        {
            return nil
        }
        return "a forward order while \(freeze.scope) is frozen: \(order.phrase)"
    }

    /// Checks what the world did since the last look.
    func absorb(_ deliveries: [Delivery]) {
        notes.withLock { notes in
            // Another task may have brought more of them before.
            guard deliveries.count > notes.deliveries else { return }
            for delivery in deliveries[notes.deliveries...] where delivery.effect == .applied {
                let order = delivery.order
                let deed = Deed(operation: order.operation, action: order.action)
                notes.applied[order.key, default: 0] += 1
                let times = notes.applied[order.key] ?? 0
                let allowed = isKeyless ? notes.sent[order.key] ?? 0 : 1
                if times > allowed {
                    notes.violations.append("carried out twice: \(order.phrase)")
                }
                // A repeat that comes late is like a hand in the lane: what it undid is done again.
                if times > 1, times <= allowed { notes.deeds[order.lane] = nil }
                if !notes.deeds[order.lane, default: []].insert(deed).inserted {
                    notes.violations.append("done again under another key: \(order.phrase)")
                }
                // What undid a deed makes room for it: an edited slot is stopped, started, and stopped
                // again when it does not get healthy.
                let undone = notes.deeds[order.lane]?.filter(deed.undoes) ?? []
                notes.deeds[order.lane]?.subtract(undone)
                let epoch = notes.epochs[order.lane.environment] ?? Epoch(0)
                if order.claim.epoch < epoch {
                    notes.violations.append(
                        "carried out for epoch \(order.claim.epoch) after \(epoch) had claimed: "
                            + order.phrase)
                }
            }
            notes.deliveries = deliveries.count
        }
    }

    /// Lanes that have come back by their watch since this was asked last, as durable entries tell it.
    func endedReversals(in ledger: MemoryLedger) -> [Reversal] {
        ledger.durable { _, entries in
            notes.withLock { notes in
                var ended: [Reversal] = []
                for entry in entries[notes.searched...] where entry.draft.kind == .decision {
                    guard let number = entry.draft.operation else { continue }
                    switch entry.draft.outcome {
                    case "reverse":
                        guard let lane = entry.draft.lane,
                            let slot = entry.draft.detail["to"].flatMap({ SlotID($0) })
                        else { continue }
                        notes.reversing[number] = Reversal(lane: lane, slot: slot)
                    case "rolledBack":
                        if let reversal = notes.reversing.removeValue(forKey: number) {
                            ended.append(reversal)
                        }
                    case _: continue
                    }
                }
                notes.searched = entries.count
                return ended
            }
        }
    }

    /// Checks the audit log of a run that has come to rest.
    func audit(_ entries: [AuditEntry], deliveries: [Delivery]) {
        var ends: [Int: Int] = [:]
        for entry in entries {
            if let about = entry.draft.about { ends[about, default: 0] += 1 }
        }
        let reached = Set(deliveries.map(\.order.key.description))
        let keys = notes.withLock { Set($0.applied.keys.map(\.description)) }
        var told: Set<String> = []
        for (number, entry) in entries.enumerated() {
            let key = entry.draft.detail["key"] ?? ""
            if entry.sequence != number { accuse("entry \(number) has number \(entry.sequence)") }
            switch entry.draft.kind {
            case .intended:
                told.insert(key)
                if ends[number] != 1 {
                    accuse("intent \(number) has \(ends[number] ?? 0) ends: \(entry.phrase)")
                }
            case .settled where entry.draft.outcome == "done" && !reached.contains(key):
                accuse("said to be done, and the world never saw it: \(entry.phrase)")
            case .settled, .started, .adopted, .claimed, .commitAccepted, .commitRefused, .decision,
                .evidence, .drift, .frozen, .thawed, .healing, .paged, .quarantined, .released,
                .alarm, .clock, .trust:
                continue
            }
        }
        for key in keys.subtracting(told) { accuse("nothing in the audit log about \(key)") }
    }

    /// Judges every rollout again from the log alone.
    func judgeAgain(_ entries: [AuditEntry]) {
        let judged = RolloutReplay.operations(in: entries)
        guard !judged.isEmpty else { return }
        let own = Dictionary(grouping: entries, by: \.draft.operation)
        for operation in judged {
            let replay = RolloutReplay(of: operation, in: own[operation] ?? [])
            notes.withLock { $0.judged += replay.transitions.count { $0.verdict != nil } }
            guard let difference = replay.firstDifference else { continue }
            accuse("operation \(operation) is judged in another way again: \(difference)")
        }
    }
}

extension InstanceObservation {
    /// Whether it is healthy, for all that is known.
    fileprivate var mayAnswer: Bool { phase == .healthy || phase == .unknown }
}

extension ActionOrder {
    /// One line for a person who looks for a fault.
    var phrase: String {
        "\(lane) operation \(operation): \(action.phrase)"
    }
}

extension AuditEntry {
    var phrase: String {
        "\(draft.lane.map(\.description) ?? "-") \(draft.outcome ?? "") \(draft.detail)"
    }
}

extension LaneObservation {
    /// Whether a slot surely answers nothing.
    fileprivate func isSilent(_ id: SlotID) -> Bool {
        slot(id)?.instances.contains(where: \.mayAnswer) != true
    }

    /// Whether every slot with traffic but one surely answers nothing.
    fileprivate func isSilent(allBut id: SlotID) -> Bool {
        !weights.isEmpty && weights.allSatisfy { $0.key == id || $0.value == 0 || isSilent($0.key) }
    }
}
