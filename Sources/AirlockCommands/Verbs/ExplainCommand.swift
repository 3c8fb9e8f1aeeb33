import AirlockGit
import AirlockHost
import AirlockLedger
import AirlockModel
import AirlockPlan
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

        let lane: String
        let commit: String?
        let lookedAtAgainBecauseOf: CommitView?
        let reads: [ReadObject]
        let plan: LaneView?
        let settled: SlotView?
        let operation: Int?
        let quarantined: [String]
        let held: String?
        let frozen: String?
    }

    func perform() async throws -> ExitStatus {
        let wiring = try Wiring(try common.settings())
        let fleets = try FleetReading(wiring)
        guard let reading = try await fleets.lastFetched() else {
            throw Failure(
                "nothing was fetched yet", advice: "`airlock plan` or `airlock run` fetches")
        }
        let planning = try await PlanReading(wiring)
        let plan = try await planning.plan(reading)
        let record = planning.ledger.lanes[lane]
        let desired = reading.fleet?.lanes[lane]
        guard let planned = plan.lanes.first(where: { $0.lane == lane }) else {
            throw Failure(
                "neither git nor the provider nor the ledger knows \(lane)",
                advice: "`airlock status` lists the lanes")
        }
        let cause = try await cause(of: desired?.readSet ?? [:], at: reading.commit, fleets)
        let view = View(
            lane: lane.description, commit: reading.commit.description,
            lookedAtAgainBecauseOf: cause.map { CommitView($0.commit) },
            reads: (desired?.readSet ?? [:]).sorted { $0.key < $1.key }.map {
                View.ReadObject(
                    path: $0.key, object: $0.value.description,
                    changed: cause?.paths.contains($0.key) ?? false)
            },
            plan: LaneView(planned, withID: plan.incomplete == nil),
            settled: record?.settled.map(SlotView.init), operation: record?.operation,
            quarantined: (planning.ledger.quarantines[lane] ?? []).map {
                "\($0.slot): \($0.reason)"
            }, held: record?.holdReason,
            frozen: planning.ledger.freezes.values.sorted { $0.scope < $1.scope }
                .first { $0.covers(lane, at: wiring.clock.now().wall) }
                .map { "with \($0.scope)\($0.end): \($0.reason)" })
        switch output.format {
        case .json, .yaml: try Output.value(view, as: output.format)
        case .human, .markdown: Output.data(text(view, planned))
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
            let delta = try await fleets.source.delta(from: parent, to: commit)
            let changed = Set(delta.changes.map(\.path)).intersection(reads.keys)
            if !changed.isEmpty { return (record, changed) }
            guard let parent else { return nil }
            commit = parent
        }
        return nil
    }

    private func text(_ view: View, _ plan: LanePlan) -> String {
        let ink = common.ink
        var lines = [ink.bold(view.lane)]
        lines.append("is read from")
        lines += view.reads.map { read in
            let mark = read.changed ? ink.yellow("*") : " "
            return "  \(mark) \(read.path)  \(ink.dim(read.object))"
        }
        if let cause = view.lookedAtAgainBecauseOf {
            lines.append(
                "was looked at again because \(cause.commit.prefix(10)) changed what is marked *: "
                    + "\(cause.subject) (\(cause.author))")
        }
        if let settled = view.settled {
            lines.append(
                "settled on \(settled.version ?? "slot \(settled.slot.prefix(12))"), "
                    + "\(settled.replicas) \(settled.replicas == "1" ? "replica" : "replicas")")
        }
        if let frozen = view.frozen { lines.append(ink.yellow("is frozen \(frozen)")) }
        lines.append(verdict(view, plan))
        lines += plan.verdicts.map { verdict in
            let mark = verdict.answer == .pass ? ink.green("✓") : ink.red("✗")
            let advice = verdict.move.advice.map { ink.dim(" → \($0)") } ?? ""
            return "  \(mark) \(verdict.gate.rawValue): \(verdict.reason)\(advice)"
        }
        lines += plan.drift.map { ink.yellow("drift: \($0.phrase)") }
        lines += view.quarantined.map { ink.red("quarantined: \($0)") }
        return lines.joined(separator: "\n")
    }

    private func verdict(_ view: View, _ plan: LanePlan) -> String {
        switch plan.disposition {
        case .leave(.converged): return "is what git says"
        case .leave(.absent): return "runs nothing, and git asks for nothing"
        case .change(let change, let operation):
            return operation.map { "operation \($0) is under way: \(change.kind.rawValue)" }
                ?? "would \(change.kind.rawValue) next"
        case .repair: return "would be repaired next"
        case .back(let operation): return "operation \(operation) is being taken back"
        case .hold(let reason): return "is held: \(reason.phrase)"
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
