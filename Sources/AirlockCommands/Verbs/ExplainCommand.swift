import AirlockGit
import AirlockHost
import AirlockLedger
import AirlockModel
import AirlockPlan
import AirlockPorts
import ArgumentParser

/// `airlock explain LANE`: why a lane is as it is, and which objects made it be looked at again.
struct ExplainCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Say why a lane is as it is, and which objects made it be looked at again.")

    /// How far back the cause is looked for, in commits.
    private static let searchLimit = 1_000

    @Argument(help: "The lane, such as production/checkout.") var lane: LaneID
    @OptionGroup var common: CommonOptions
    @OptionGroup var output: FormatOption

    /// What is told, as JSON and YAML show it.
    struct View: Encodable {
        struct ReadObject: Encodable {
            let path: String
            let object: String
            /// Whether the commit below changed it.
            let changed: Bool
        }

        /// A slot that was rolled back.
        struct Bad: Encodable {
            let slot: String
            let reason: String

            init(_ quarantine: Quarantine) {
                slot = quarantine.slot.description
                reason = quarantine.reason
            }
        }

        /// The freeze that binds the lane.
        struct Frozen: Encodable {
            let scope: String
            let until: String?
            let reason: String

            init(_ freeze: Freeze) {
                scope = freeze.scope.description
                until = freeze.until?.rfc3339
                reason = freeze.reason
            }
        }

        let lane: String
        let commit: String?
        let lookedAtAgainBecauseOf: CommitView?
        let reads: [ReadObject]
        let plan: LaneView?
        let settled: SlotView?
        /// The commit that brought what it settled on; also that of another version of a secret.
        let settledBy: String?
        let operation: Int?
        let quarantined: [Bad]
        let held: String?
        let frozen: Frozen?
        let healing: HealingView?
        /// How the test jobs of its builds came out, the newest last.
        let verified: [VerificationView]?
    }

    func perform() async throws -> ExitStatus {
        let wiring = try Wiring(try common.settings())
        let fleets = try FleetReading(wiring)
        guard var reading = try await fleets.lastFetched() else {
            throw Failure(
                "nothing was fetched yet from \(wiring.settings.shown(.repo))",
                advice: "give the --repo that `airlock run` follows; `airlock plan` fetches")
        }
        let planning = try await PlanReading(wiring)
        let other = reading.fleet.flatMap(planning.otherFleet)
        if reading.fleet == nil || other != nil, let head = planning.ledger.head {
            // The newest commit is refused: what is in force is what explains the lane.
            let why = other == nil ? "cannot be read" : "is of another fleet"
            Output.note(
                "note: \(reading.commit.short) \(why), \(head.commit.id.short) is in force")
            reading = try await fleets.read(at: head.commit.id)
        }
        if let other = reading.fleet.flatMap(planning.otherFleet) {
            throw Failure(
                HeadRefusal(other).phrase, advice: "give the --repo that `airlock run` follows")
        }
        let standing = try await planning.standing(of: reading, from: fleets)
        let plan = standing.plan
        let record = planning.ledger.lanes[lane]
        let desired = reading.fleet?.lanes[lane]
        try KnownNames(lanes: plan.lanes.map(\.lane) + Array(planning.ledger.lanes.keys))
            .check(lane)
        // The ledger knows a lane that was removed, and a plan has nothing to say of it.
        let planned =
            plan.lanes.first { $0.lane == lane }
            ?? LanePlan(lane: lane, disposition: .leave(.absent))
        let cause = try await cause(of: desired?.readSet ?? [:], at: reading.commit, fleets)
        let now = wiring.clock.now().wall
        let freeze = planning.ledger.freezes.binding(lane, at: now).first
        // Healing follows what is in force.
        let environment = standing.followed(by: lane.environment, of: reading.fleet)?
            .environments[lane.environment]
        let policy = environment?.healing
        let isReadable = reading.fleet?.parked.environments[lane.environment]?.isEmpty ?? true
        let isKnown = environment != nil || (reading.fleet != nil && isReadable)
        let view = View(
            lane: lane.description, commit: reading.commit.description,
            lookedAtAgainBecauseOf: cause.map { CommitView($0.commit) },
            reads: (desired?.readSet ?? [:]).sorted { $0.key < $1.key }.map {
                View.ReadObject(
                    path: $0.key, object: $0.value.description,
                    changed: cause?.paths.contains($0.key) ?? false)
            },
            plan: LaneView(planned, withID: plan.incomplete == nil && standing.refusal == nil),
            settled: record?.settled.map(SlotView.init),
            settledBy: record?.settled?.commit?.description, operation: record?.operation,
            quarantined: (planning.ledger.quarantines[lane] ?? []).map(View.Bad.init),
            held: record?.holdReason, frozen: freeze.map(View.Frozen.init),
            healing: HealingView(
                record?.healing, policy: policy, isKnown: isKnown, at: now),
            verified: planning.ledger.verifications[lane]?.results.map(VerificationView.init))
        switch output.format {
        case .json, .yaml: try Output.value(view, as: output.format)
        case .human:
            let told = healing(
                record?.healing ?? HealingRecord(), policy, isKnown: isKnown, now)
            Output.data((text(view, planned, freeze) + told).joined(separator: "\n"))
        }
        return .done
    }

    /// The newest commit on the first-parent line that changed one of `reads`.
    private func cause(
        of reads: [String: ObjectID], at head: CommitID, _ fleets: FleetReading
    ) async throws -> (commit: CommitRecord, paths: Set<String>)? {
        guard !reads.isEmpty else { return nil }
        var commit = head
        for _ in 0..<Self.searchLimit {
            let record = try await fleets.source.record(of: commit)
            let parent = record.parents.first
            let changed = try await changes(in: commit, after: parent, fleets)
                .intersection(reads.keys)
            if !changed.isEmpty { return (record, changed) }
            guard let parent else { return nil }
            commit = parent
        }
        return nil
    }

    /// The paths that a commit changed; none where it or the one before is refused for what it holds.
    private func changes(
        in commit: CommitID, after parent: CommitID?, _ fleets: FleetReading
    ) async throws -> Set<String> {
        do {
            let delta = try await fleets.source.delta(from: parent, to: commit)
            return Set(delta.changes.map(\.path))
        } catch {
            guard error.isOfCommit else { throw error }
            return []
        }
    }

    private func healing(
        _ record: HealingRecord, _ policy: HealingPolicy?, isKnown: Bool, _ now: Timestamp
    ) -> [String] {
        [HealingText.policy(policy, record, isKnown: isKnown, at: now)]
            + HealingText(record: record, now: now, ink: common.ink).lines
    }

    private func text(_ view: View, _ plan: LanePlan, _ freeze: Freeze?) -> [String] {
        let ink = common.ink
        var lines = [ink.bold(view.lane)]
        let isAbsent = plan.disposition == .leave(.absent) && view.reads.isEmpty
        lines.append(isAbsent ? "is described by no file any more" : "is read from")
        lines += view.reads.map { read in
            let mark = read.changed ? ink.yellow("*") : " "
            return "  \(mark) \(read.path.visible)  \(ink.dim(read.object))"
        }
        if let cause = view.lookedAtAgainBecauseOf {
            lines.append(
                "was looked at again because \(cause.commit.prefix(10)) changed what is marked *: "
                    + "\(cause.subject) (\(cause.author))".visible)
        }
        if let cause = view.plan?.cause {
            lines.append("and because a secret has another version now: \(cause.visible)")
        }
        if let settled = view.settled {
            let by = view.settledBy.map { ", by \($0.prefix(10))" } ?? ""
            lines.append(
                "settled on \(settled.version?.visible ?? "slot \(settled.slot.prefix(12))"), "
                    + "\(settled.replicas) \(settled.replicas == "1" ? "replica" : "replicas")\(by)"
            )
        }
        if let freeze {
            lines.append(
                ink.yellow("is frozen with \(freeze.scope)\(freeze.end): \(freeze.reason)"))
        }
        lines.append(verdict(view, plan))
        if isAbsent { lines.append(ink.dim("  → `airlock history \(view.lane)` shows what ran")) }
        lines += plan.verdicts.map { verdict in
            let mark = verdict.answer == .pass ? ink.green("✓") : ink.red("✗")
            let advice = verdict.move.advice.map { ink.dim(" → \($0)") } ?? ""
            return "  \(mark) \(verdict.gate.phrase): \(verdict.reason.visible)\(advice)"
        }
        if let wait = plan.waits {
            let since = wait.since.map { " since \($0.local)" } ?? ""
            let told = wait.told.map { ": \($0.visible)" } ?? ""
            lines.append(ink.yellow(wait.phrase + since + told))
            lines.append(ink.dim("  → \(wait.advice(for: plan.lane))"))
        }
        lines += (view.verified ?? []).suffix(1).map(\.sentence)
        lines += plan.drift.map { ink.yellow("drift: \($0.phrase)") }
        lines += view.quarantined.map {
            ink.red("quarantined: slot \($0.slot.prefix(12)): \($0.reason)")
        }
        return lines
    }

    private func verdict(_ view: View, _ plan: LanePlan) -> String {
        switch plan.disposition {
        case .leave(.converged): return "is what git says"
        case .leave(.absent): return "runs nothing, and git asks for nothing"
        case .change(let change, let operation):
            return operation.map { "operation \($0) is under way: \(change.kind.rawValue)" }
                ?? "would \(change.kind.rawValue) next"
        case .repair(let repair, let operation) where repair.isRollback:
            return operation.map { "operation \($0) rolls it back: \(repair.phrase)" }
                ?? "would be rolled back next: \(repair.phrase)"
        case .repair: return "would be repaired next"
        case .heal(let heal, let operation):
            return "operation \(operation) heals it: \(heal.phrase)"
        case .verify(let work, let operation):
            return operation.map { "operation \($0) runs its verify job" }
                ?? "would run its verify job next, on build \(work.build.short)"
        case .back(let operation): return "operation \(operation) is being taken back"
        case .hold(let reason):
            let held = "is held: \(reason.phrase.visible)"
            // Each gate stands below with whose move is next.
            if case .gates = reason { return held }
            return held + (reason.moves(in: plan.lane).first?.advice.map { "\n  → \($0)" } ?? "")
        }
    }
}

/// A commit as JSON and YAML show it.
struct CommitView: Encodable {
    let commit: String
    let parents: [String]
    let author: String
    let committed: String
    let subject: String

    init(_ record: CommitRecord) {
        commit = record.id.description
        parents = record.parents.map(\.description)
        author = "\(record.authorName) <\(record.authorEmail)>"
        committed = record.committed.rfc3339
        subject = record.subject
    }
}
