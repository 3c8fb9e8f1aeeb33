package import AirlockModel

extension HoldReason {
    /// One phrase for tables, logs and audit entries.
    package var phrase: String {
        switch self {
        case .gates(let verdicts):
            verdicts.map { "\($0.gate.phrase): \($0.reason)" }.joined(separator: "; ")
        case .unobserved(let why): "the provider's state is unknown: \(why)"
        case .parked(let diagnostics):
            "its files cannot be read: \(diagnostics.first?.description ?? "no reason given")"
        case .secretUnknown(let names):
            "no version is known of \(names.map(\.description).joined(separator: ", "))"
        case .outage(let why, _): why
        case .claimed(let claim): "the engine belongs to ledger \(claim.ledger)"
        case .environmentRemoved:
            "its environment is not described any more; what runs there is left alone"
        case .notFollowed(let why, _): why
        }
    }

    /// Whose move is next in `lane`.
    package func moves(in lane: LaneID) -> [NextMove] {
        switch self {
        case .gates(let verdicts): verdicts.map(\.move)
        case .unobserved: [.wait]
        case .parked(let diagnostics):
            [.commit("mend \(diagnostics.first?.path ?? "its files")")]
        case .secretUnknown(let names):
            [.commit("give \(names.first?.description ?? "the secret") a value at its source")]
        case .outage(_, let move): [move]
        case .claimed: [.run("airlock run --take-over \(lane.environment)")]
        case .environmentRemoved:
            [
                .commit(
                    "bring environments/\(lane.environment).yaml back; what shall go is taken out of services/ first, "
                        + "and the environment's file when it runs no more")
            ]
        case .notFollowed(_, let move): [move]
        }
    }
}

extension Repair {
    /// Why the lane is brought back, in one phrase.
    package var phrase: String {
        found.isEmpty
            ? "git does not ask any more for what was under way"
            : found.map(\.phrase).joined(separator: "; ")
    }
}

extension GateName {
    /// The gate as people read it.
    package var phrase: String {
        switch self {
        case .freeze: "freeze"
        case .clock: "clock"
        case .quarantine: "quarantine"
        case .rollout: "rollout"
        case .group: "group"
        case .capability: "capability"
        case .decisionTime: "time to decide"
        case .verification: "verification"
        case .blastRadius: "blast radius"
        case .dependencies: "dependencies"
        }
    }
}

extension NextMove {
    /// What a person reads after a reason; nil when there is nothing to do.
    package var advice: String? {
        switch self {
        case .nobody: nil
        case .wait: "it goes on by itself"
        case .run(let command): "run `\(command)`"
        case .commit(let what): what
        }
    }
}

extension Drift {
    /// One phrase for tables, logs and audit entries.
    package var phrase: String {
        switch self {
        case .slotMissing(let id): "slot \(id.short) is gone"
        case .slotEdited(let id, let found): "slot \(id.short) was edited into \(found.short)"
        case .slotForeign(let id): "slot \(id.short) does not belong here"
        case .replicas(let id, let found, let declared):
            "slot \(id.short) has \(found) replicas instead of \(declared.phrase)"
        case .weights(let found, let settled):
            "traffic goes to \(Self.phrase(found)) instead of \(settled.short)"
        }
    }

    private static func phrase(_ weights: [SlotID: Int]) -> String {
        guard !weights.isEmpty else { return "nothing" }
        return weights.sorted { $0.key < $1.key }
            .map { "\($0.key.short) (\($0.value)‰)" }.joined(separator: ", ")
    }
}

extension Replicas {
    /// `3`, or `2 to 8`.
    package var phrase: String {
        minimum == maximum ? String(minimum) : "\(minimum) to \(maximum)"
    }
}

extension LanePlan {
    /// Whether a forward change waits here, also beside a repair.
    package var holdsChange: Bool {
        switch disposition {
        // What git asks for cannot even be said as a change, and is not done all the same.
        case .hold(.secretUnknown), .hold(.environmentRemoved): true
        case .hold, .repair, .heal, .verify: change != nil
        case .change, .back, .leave: false
        }
    }

    /// Whether the forward change that waits here goes on without a person.
    package var holdTurnsByItself: Bool {
        switch disposition {
        case .hold(let reason): reason.turnsByItself
        case .repair, .heal, .verify:
            change != nil && GateVerdict.turnByThemselves(verdicts.filter { $0.answer != .pass })
        case .change, .back, .leave: false
        }
    }
}

extension HoldReason {
    /// Whether the lane goes on without a person, such as after the lane that it calls.
    package var turnsByItself: Bool {
        guard case .gates(let verdicts) = self else { return false }
        return GateVerdict.turnByThemselves(verdicts)
    }
}

extension GateVerdict {
    /// Whether nobody has to do anything for any of the verdicts that did not pass; false for none of them,
    /// because something else holds the lane then.
    fileprivate static func turnByThemselves(_ failed: [GateVerdict]) -> Bool {
        !failed.isEmpty && failed.allSatisfy { $0.answer == .wait && $0.move == .wait }
    }
}
