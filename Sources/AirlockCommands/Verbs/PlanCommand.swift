import AirlockHost
import AirlockModel
import AirlockPlan
import ArgumentParser
import Foundation

/// `airlock plan`: what would be done, and what every gate says.
struct PlanCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show what would be done, and what every gate says; nothing is changed.",
        discussion: """
            With --ref it shows what the branch would be after the merge; exit 1 when it does not merge,
            or a file of it cannot be read. A head that the reconciler would refuse exits 1 too.
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var output: PlanFormatOption

    @Option(help: "Plan as if this branch were merged (ASCII, at most 200 bytes).")
    var ref: BranchName?

    @Option(help: "Only this environment; may be given again.")
    var env: [EnvironmentName] = []

    @Option(help: "Only this service; may be given again.")
    var service: [UnitID] = []

    @Flag(help: "Exit 2 when something would be done.")
    var detailedExitcode = false

    @Option(help: "Also write the plan as JSON to this file, for `reconcile --expect`.")
    var out: String?

    func perform() async throws -> ExitStatus {
        let wiring = try Wiring(try common.settings())
        let fleets = try FleetReading(wiring)
        let reading =
            if let ref { try await fleets.merged(ref) } else { try await fleets.head() }
        guard reading.origin.conflicts.isEmpty else { throw try await conflict(reading) }
        let planning = try await PlanReading(wiring)
        let standing = try await planning.standing(of: reading, from: fleets)
        var plan = standing.plan
        plan.incomplete = plan.incomplete ?? standing.refusal?.phrase
        let names = KnownNames(
            lanes: plan.lanes.map(\.lane) + (reading.fleet.map { Array($0.lanes.keys) } ?? []),
            environments: reading.fleet.map { Array($0.environments.keys) } ?? [])
        for name in env { try names.check(name) }
        for unit in service { try names.check(unit) }
        plan.lanes = plan.lanes.filter(isWanted)
        var origin = reading.origin
        origin.notices += reading.diagnostics.map(\.description)
        origin.notices += reading.fleet?.notices(of: plan.changes.map(\.lane)) ?? []
        origin.notices += stops(in: planning.ledger, at: wiring.clock.now().wall)
        let view = PlanView(plan, origin: origin)
        if let out {
            try OutputFile.write(
                try await JSONForm.bytes(ofLong: view), to: out, option: "--out")
        }
        switch output.format {
        case .human:
            Output.data(PlanText(plan: plan, origin: origin, ink: common.ink).text)
        case .markdown: Output.data(PlanMarkdown(plan: plan, origin: origin).text)
        case .json: try await Output.value(view, as: .json)
        case .yaml: try await Output.value(view, as: .yaml)
        }
        if let ref, !reading.diagnostics.isEmpty { throw Self.unreadable(reading, ref) }
        if let refusal = standing.refusal, standing.bars(plan) {
            throw Failure("this plan cannot be approved: \(refusal.phrase)")
        }
        return detailedExitcode && !plan.isEmpty ? .differences : .done
    }

    /// What is told of a branch that does not merge; programs and reviewers get the conflicts as a plan
    /// without lanes.
    private func conflict(_ reading: FleetReading.Reading) async throws -> Failure {
        let paths = reading.origin.conflicts
        if let name = reading.unmerged {
            let plan = Plan(
                fleet: name, commit: reading.commit, incomplete: "the branch does not merge")
            let view = PlanView(plan, origin: reading.origin)
            switch output.format {
            case .human: break
            case .markdown: Output.data(PlanMarkdown(plan: plan, origin: reading.origin).text)
            case .json: try await Output.value(view, as: .json)
            case .yaml: try await Output.value(view, as: .yaml)
            }
        }
        return Failure(
            "the branch does not merge: " + paths.map(\.visible).joined(separator: ", "),
            advice: "merge the main branch into it and plan again")
    }

    /// A branch whose plan was shown, and which must not be merged as it is.
    private static func unreadable(
        _ reading: FleetReading.Reading, _ branch: BranchName
    ) -> Failure {
        let lines = reading.diagnostics.sorted().map { "  " + $0.description.visible }
        return Failure(
            "not every file can be read after merging \(branch):\n"
                + lines.joined(separator: "\n"),
            advice: "mend what is named and commit it to \(branch)")
    }

    /// What stops the fleet, and the incidents of the lanes that are asked for.
    private func stops(in state: LedgerState, at now: Timestamp) -> [String] {
        let stopped = state.stop.flatMap { $0.isInForce(at: now) ? $0 : nil }
        let lanes = state.lanes.values.filter { $0.healing != nil }.sorted { $0.lane < $1.lane }
        let incidents = lanes.filter {
            isWanted(LanePlan(lane: $0.lane, disposition: .leave(.converged)))
        }
        .flatMap { record in
            (record.healing?.open ?? []).map {
                "\(record.lane) has an incident: \(HealingText.phrase($0, at: now))"
            }
        }
        return (stopped.map { ["everything is stopped: \($0.reason)"] } ?? []) + incidents
    }

    private func isWanted(_ lane: LanePlan) -> Bool {
        (env.isEmpty || env.contains(lane.lane.environment))
            && (service.isEmpty || service.contains(lane.lane.unit))
    }
}
