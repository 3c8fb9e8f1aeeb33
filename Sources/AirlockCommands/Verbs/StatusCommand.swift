import AirlockControl
import AirlockGit
import AirlockHost
import AirlockLedger
import AirlockModel
import AirlockPorts
import ArgumentParser
import Foundation

/// `airlock status`: what runs, what is under way and what is held.
struct StatusCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show what runs, what is under way and what is held.")

    @Option(help: "Only this environment.") var env: EnvironmentName?
    @OptionGroup var common: CommonOptions
    @OptionGroup var output: FormatOption

    func perform() async throws -> ExitStatus {
        let wiring = try Wiring(try common.settings())
        let reading = try await LaneReading(wiring)
        if let env { try reading.names.check(env) }
        let lanes = reading.lanes.filter { env == nil || $0.record.lane.environment == env }
        let fetched = try await lastFetch(wiring)
        let refusal = try await refusal(of: fetched?.commit, reading, wiring)
        let health = await holder(wiring)
        let silent = health == nil ? LockHolder.current(in: wiring.state) : nil
        let now = wiring.clock.now().wall
        switch output.format {
        case .json, .yaml:
            let view = StatusView(
                reading, lanes: lanes, fetched: fetched?.fetched, refusal: refusal, health: health,
                silent: silent,
                now: now)
            try Output.value(view, as: output.format)
        case .human:
            Output.data(
                StatusText(
                    reading: reading, lanes: lanes, fetched: fetched, refusal: refusal,
                    health: health, silent: silent, now: now, ink: common.ink
                ).text)
        }
        return .done
    }

    /// What was fetched last. Where the mirror cannot say it, what runs is told all the same.
    private func lastFetch(_ wiring: Wiring) async throws -> FetchedHead? {
        do { return try await wiring.source().lastFetch() } catch let error as SourceError {
            Output.note("the last fetch is unknown: \(Explanation.of(error))")
            return nil
        }
    }

    /// What the audit log says of a fetched commit that is not in force; nil when it was not refused.
    private func refusal(
        of commit: CommitID?, _ reading: LaneReading, _ wiring: Wiring
    ) async throws -> String? {
        guard let commit, commit != reading.state.head?.commit.id,
            let reader = try wiring.reader()
        else { return nil }
        let filter = AuditFilter(commit: commit, kinds: [.commitRefused], last: 1)
        return try await reader.entries(filter).last?.draft.outcome
    }

    /// The running reconciler's own words; nil when none runs.
    private func holder(_ wiring: Wiring) async -> HolderHealth? {
        let request = ControlRequest(id: RandomIdentity.make(), call: .health)
        do {
            let answer = try await ControlClient.send(
                request, to: try wiring.controlSocket(), deadline: .seconds(2))
            if case .health(let health) = answer.result { return health }
            return nil
        } catch { return nil }
    }
}

/// The status as a person reads it.
struct StatusText {
    let reading: LaneReading
    let lanes: [LaneReading.Lane]
    let fetched: FetchedHead?
    /// How the fetched commit was refused; nil when it was not.
    let refusal: String?
    let health: HolderHealth?
    /// Who holds the ledger and says nothing.
    let silent: LockHolder?
    let now: Timestamp
    let ink: Ink

    var text: String {
        var lines = head
        lines += reading.unobserved.sorted { $0.key < $1.key }
            .map { ink.red("\($0.key) is unknown: \($0.value)") }
        lines += reading.state.freezes.values.filter { $0.isInForce(at: now) }
            .sorted { $0.scope < $1.scope }
            .flatMap { freeze in
                [
                    ink.yellow("\(freeze.scope) is frozen\(freeze.end): \(freeze.reason)"),
                    "  → run `airlock thaw \(freeze.scope)` to let it go on",
                ]
            }
        if let stop = reading.state.stop, stop.isInForce(at: now) {
            let end = stop.until.map { "until \($0.local)" } ?? "until `airlock thaw --all`"
            lines.append(
                ink.red("everything is stopped \(end), automatic rollback too: \(stop.reason)"))
        }
        var table = Table(["lane", "version", "state", "healthy", "slot", "since", "commit"])
        for lane in lanes { table.add(row(lane)) }
        lines += ["", table.isEmpty ? "No lanes." : table.text(ink)]
        let notes = lanes.flatMap(notes)
        return (lines + (notes.isEmpty ? [] : [""] + notes)).joined(separator: "\n")
    }

    private var head: [String] {
        var lines: [String] = []
        if let head = reading.state.head {
            lines.append(
                "\(ink.bold("commit")) \(head.commit.id.short)  \(head.commit.subject.visible)  "
                    + ink.dim("accepted \(head.accepted.local)"))
            lines += (head.diagnostics ?? []).map { ink.red("file    \($0)") }
        } else {
            lines.append("No commit was accepted yet.")
        }
        if let rewrite = reading.state.rewrite {
            lines.append(
                ink.red("history was rewritten")
                    + ": staging and production stay on \(rewrite.kept.commit.id.short)\n"
                    + "  → run `airlock reconcile --accept-rewrite \(rewrite.commit)` to follow it")
        }
        if let fetched {
            let age = now - fetched.fetched
            lines.append("\(ink.bold("fetch "))  \(age.brief) ago")
            if let head = reading.state.head, head.commit.id != fetched.commit {
                let look = "; `airlock plan` shows what it says"
                let told = refusal.map { ": \($0.visible)" } ?? look
                lines.append(
                    ink.yellow("\(fetched.commit.short) was fetched and is not in force") + told)
            }
        }
        if let health {
            lines.append("\(ink.bold("run   "))  pid \(health.pid) since \(health.since.local)")
            lines += health.faults.map { ink.red("fault   \($0)") }
        } else if let silent {
            lines.append(
                "\(ink.bold("run   "))  \(ink.red("pid \(silent.pid) holds the ledger and does not answer"))\n"
                    + "  → \(silent.advice)")
        } else {
            lines.append("\(ink.bold("run   "))  no reconciler is running")
        }
        return lines
    }

    private func row(_ lane: LaneReading.Lane) -> [Table.Cell] {
        let settled = lane.record.settled
        let slots = lane.observed?.slots ?? []
        let healthy = slots.reduce(0) { $0 + $1.healthyCount }
        // Of a slot that is gone nobody else says how many instances it should have.
        let isGone = lane.observed?.slots.isEmpty == true
        let wanted =
            isGone
            ? settled?.replicas.minimum ?? 0 : slots.reduce(0) { $0 + $1.replicas }
        let counts = lane.observed == nil ? "-" : "\(healthy)/\(wanted)"
        let colour: Ink.Shade = healthy == wanted ? .green : .red
        return [
            Table.Cell(lane.record.lane.description), Table.Cell(lane.versions),
            Table.Cell(state(lane), paint(lane.condition)),
            Table.Cell(counts, colour),
            Table.Cell(settled?.slot.id.short ?? "-", .dim),
            Table.Cell(settled?.at.local ?? "-"),
            Table.Cell(settled?.commit?.short ?? "-", .dim),
        ]
    }

    /// What the lane is doing, with the share of the traffic that what comes has, and that what it settled on passed
    /// its test job.
    private func state(_ lane: LaneReading.Lane) -> String {
        let isPassed = lane.condition == .settled && lane.verification?.outcome == .passed
        return lane.condition.word + (lane.coming?.share.map { " \($0)" } ?? "")
            + (isPassed ? ", verified" : "")
    }

    private func paint(_ condition: LaneReading.Condition) -> Ink.Shade {
        switch condition {
        case .settled: .green
        case .changing, .repairing, .healing, .verifying: .cyan
        case .rollingBack, .degraded: .red
        case .held: .yellow
        case .absent: .dim
        }
    }

    private func notes(_ lane: LaneReading.Lane) -> [String] {
        var lines: [String] = []
        if let reason = lane.record.holdReason {
            lines.append(ink.yellow("\(lane.record.lane) is held: \(reason)"))
        }
        if let held = lane.steering?.held {
            if lane.record.holdReason == nil {
                lines.append(
                    ink.yellow("\(lane.record.lane): its rollout is held by \(held.phrase)"))
            }
            lines.append("  → run `airlock rollout resume \(lane.record.lane)` to let it go on")
        }
        if let wait = lane.waits {
            let since = wait.since.map { " since \($0.local)" } ?? ""
            lines.append(ink.yellow("\(lane.record.lane): \(wait.phrase)\(since)"))
            lines.append("  → \(wait.advice(for: lane.record.lane))")
        }
        if let healing = lane.record.healing {
            lines += HealingText(record: healing, now: now, ink: ink).lines.map {
                "\(lane.record.lane): \($0)"
            }
        }
        if let result = lane.verification, result.outcome != .passed {
            let sentence = VerificationView(result).sentence
            lines.append(ink.red("\(lane.record.lane): \(sentence)"))
            lines.append("  → run `airlock rollout retry \(lane.record.lane)` to run it again")
        }
        for quarantine in lane.quarantines
        // A lane that is held for it has said so already.
        where lane.record.holdReason?.contains(quarantine.slot.short) != true {
            lines.append(
                ink.red(
                    "\(lane.record.lane): slot \(quarantine.slot.short) is quarantined: "
                        + quarantine.reason))
        }
        // Where git asks for something else there is nothing to do about it.
        if let asked = lane.record.quarantinedWish,
            lane.quarantines.contains(where: { $0.slot == asked })
        {
            lines.append(
                "  → run `airlock rollback \(lane.record.lane)` for the commit that puts it back, or "
                    + "`airlock rollout retry \(lane.record.lane)` to try it again")
        }
        if lane.record.holdReason != nil, !lines.contains(where: { $0.hasPrefix("  →") }) {
            lines.append("  → `airlock explain \(lane.record.lane)` says whose move is next")
        }
        return lines
    }
}

/// The status as JSON and YAML show it.
struct StatusView: Encodable {
    struct Lane: Encodable {
        let lane: String
        let state: LaneReading.Condition
        let version: String?
        let slot: String?
        let artifact: String?
        let healthy: Int?
        let replicas: Int?
        let since: String?
        let commit: String?
        let change: String?
        let operation: Int?
        /// What the change under way brings.
        let coming: LaneComing?
        let held: String?
        /// What its rollout stays where it is for.
        let waits: RolloutWaitView?
        let quarantined: [String]
        let frozen: String?
        let healing: HealingView?
        /// How the test job of what it settled on came out.
        let verified: VerificationView?
    }

    /// The reconciler that runs.
    struct Running: Encodable {
        let pid: Int
        let since: String
        let lastTick: String?
        let faults: [String]

        init(_ health: HolderHealth) {
            pid = health.pid
            since = health.since.rfc3339
            lastTick = health.lastTick?.rfc3339
            faults = health.faults
        }
    }

    let commit: String?
    let accepted: String?
    let fetched: String?
    /// How the fetched commit was refused; nil when it was not.
    let refusal: String?
    /// What is wrong with files of the commit.
    let diagnostics: [String]
    /// The rewritten head that waits for a person.
    let rewritten: String?
    let running: Running?
    /// Who holds the ledger and does not answer; nil where it answers, and where nobody holds it.
    let silentHolder: String?
    let unknown: [String: String]
    /// Why everything is stopped; nil when it is not.
    let stopped: String?
    let lanes: [Lane]

    init(
        _ reading: LaneReading, lanes: [LaneReading.Lane], fetched: Timestamp?, refusal: String?,
        health: HolderHealth?, silent: LockHolder?, now: Timestamp
    ) {
        commit = reading.state.head?.commit.id.description
        accepted = reading.state.head?.accepted.rfc3339
        diagnostics = reading.state.head?.diagnostics ?? []
        rewritten = reading.state.rewrite?.commit.description
        self.fetched = fetched?.rfc3339
        self.refusal = refusal
        running = health.map(Running.init)
        silentHolder = silent?.description
        unknown = Dictionary(
            uniqueKeysWithValues: reading.unobserved.map { ($0.key.description, $0.value) })
        stopped = reading.state.stop.flatMap { $0.isInForce(at: now) ? $0.reason : nil }
        self.lanes = lanes.map { Self.lane($0, at: now) }
    }

    private static func lane(_ lane: LaneReading.Lane, at now: Timestamp) -> Lane {
        let settled = lane.record.settled
        let slots = lane.observed?.slots
        return Lane(
            lane: lane.record.lane.description, state: lane.condition, version: settled?.version,
            slot: settled?.slot.id.description, artifact: settled?.slot.artifact.description,
            healthy: slots?.reduce(0) { $0 + $1.healthyCount },
            replicas: slots?.reduce(0) { $0 + $1.replicas }, since: settled?.at.rfc3339,
            commit: settled?.commit?.description, change: settled?.change?.description,
            operation: lane.operation?.number, coming: lane.coming, held: lane.record.holdReason,
            waits: lane.waits.map { RolloutWaitView($0, in: lane.record.lane) },
            quarantined: lane.quarantines.map(\.slot.description), frozen: lane.freeze?.reason,
            healing: HealingView(
                lane.record.healing, policy: nil, isKnown: false, at: now),
            verified: lane.verification.map(VerificationView.init))
    }
}

extension LockHolder {
    /// Whose move is next when it does not answer.
    var advice: String {
        "look again in a moment, as it may be a verb at work, or `airlock run` that starts or ends; one "
            + "that stays silent hangs or lost its control.sock: end it and start it again"
    }
}
