import AirlockEngine
import AirlockGit
import AirlockHost
import AirlockLedger
import AirlockModel
import AirlockPorts
import ArgumentParser

/// `airlock rollback`: offers the commit that puts a lane's release back.
struct RollbackCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "rollback",
        abstract: "Offer the commit that puts a lane's release back to an earlier one.",
        discussion: """
            Git is the only way in, so going back is a commit too: it changes artifact, version and \
            configuration in the lane's release and leaves every other line. It is pushed as a branch \
            where Airlock may push (gitPush, gitPushTokenFile, gitPushSSHKey), and printed as a patch \
            with --patch and where it may not. Merge the branch, or `git apply` the patch. A branch that \
            offers the same already, as after a rollback, is named and not made again.
            """)

    @Argument(help: "The lane, such as production/checkout.")
    var lane: LaneID

    @Option(
        help:
            "The number of the operation in `airlock history` whose release is wanted (default: the last that settled on another slot)."
    )
    var to: Int?

    @Flag(help: "Print a patch and push nothing.") var patch = false

    @OptionGroup var common: CommonOptions
    @OptionGroup var output: FormatOption

    /// The newest operations among which the wanted one is looked for.
    private static let searchLimit = 20_000

    /// The most branches of reverts, the newest first, that are looked at.
    private static let branchLimit = 3

    private struct View: Encodable {
        let lane: String
        let operation: Int
        let version: String?
        let artifact: String
        let path: String
        /// Releases of its group that are put back with it.
        let others: [String]
        let branch: String?
        let commit: String?
        /// Whether the branch was there already; nil without one.
        let existed: Bool?
        let patch: String
    }

    /// What a lane shall go back to, and the operation that brought it.
    private struct Wanted {
        let operation: OperationRecord
        let slot: SlotSpec
        let version: String?
    }

    /// A branch that puts the release back when it is merged.
    private struct Offer {
        let branch: BranchName
        let commit: CommitID
        let existed: Bool
    }

    func perform() async throws -> ExitStatus {
        let settings = try common.settings()
        let wiring = try Wiring(settings)
        guard let reader = try wiring.reader() else { throw Failure.noLedger(wiring) }
        try await KnownNames(reader).check(lane)
        let reading = try FleetReading(wiring)
        let (head, notices) = try await reading.fetch()
        notices.forEach(Output.note)
        let state = try await reader.state()
        let fleet = try await reading.read(at: head.commit).fleet
        let candidates = try await candidates(reader, fleet?.lanes[lane], state)
        var (wanted, reversal) = try await reversal(
            to: candidates, now: fleet?.lanes[lane], at: head.commit, reading.source, state)
        let group = try await group(in: fleet, state, reader)
        do throws(Reversal.Failure) {
            try await reversal.join(group, from: reading.source)
        } catch {
            throw failure(error, of: wanted, state)
        }
        if let warning = warning(of: wanted, state) { Output.note(warning) }
        let text = ([reversal] + reversal.others).map {
            UnifiedDiff.text(
                $0.path, from: String(decoding: $0.before, as: UTF8.self),
                to: String(decoding: $0.after, as: UTF8.self))
        }.joined()
        var offer: Offer?
        if !patch {
            offer = try await standing(reversal, reader, reading.source)
            if offer == nil, try settings.mayPush() {
                let draft = reversal.draft(
                    lane, version: wanted.version,
                    because: "Asked for with airlock rollback by uid \(LocalUser.current.uid).",
                    by: try settings.gitIdentity(), at: wiring.clock.now().wall)
                offer = try await push(draft, reversal, wanted, reading.source)
            }
        }
        try show(
            View(
                lane: lane.description, operation: wanted.operation.number,
                version: wanted.version, artifact: wanted.slot.artifact.description,
                path: reversal.path, others: reversal.others.map(\.path),
                branch: offer?.branch.description,
                commit: offer?.commit.description, existed: offer?.existed, patch: text))
        return .done
    }

    /// The first of the candidates that the release is not already, and the edit that puts it there. Where files of
    /// the environment cannot be read, only the edit finds out what the release says.
    private func reversal(
        to candidates: [Wanted], now: DesiredLane?, at head: CommitID, _ source: GitSource,
        _ state: LedgerState
    ) async throws -> (Wanted, Reversal) {
        for (index, wanted) in candidates.enumerated() {
            if let now, now.template != wanted.slot.template { throw otherService(wanted) }
            do throws(Reversal.Failure) {
                return (
                    wanted,
                    try await Reversal(
                        of: lane, to: wanted.slot, version: wanted.version, at: head, from: source)
                )
            } catch {
                if case .nothingToDo = error, index + 1 < candidates.count { continue }
                throw failure(error, of: wanted, state)
            }
        }
        throw Failure(
            "\(lane) never settled on anything but what git says now",
            advice: "release a fix, or name an operation of `airlock history \(lane)` with --to")
    }

    /// What the rest of its group settled on, where git still asks for what went back.
    private func group(
        in fleet: Fleet?, _ state: LedgerState, _ reader: LedgerReader
    ) async throws -> [LaneID: Settled] {
        guard let fleet, let group = fleet.lanes[lane]?.group else { return [:] }
        var settled: [LaneID: Settled] = [:]
        for (other, desired) in fleet.lanes
        where other != lane && other.environment == lane.environment && desired.group == group {
            guard let newest = try await reader.operations(of: other, limit: 1).first,
                wentBack(newest, state), let change = newest.change, desired.asks(for: change),
                let last = state.lanes[other]?.settled
            else { continue }
            guard last.slot.template == desired.template else {
                Output.note(
                    "\(other) went back too and ran under another services/\(other.unit.name)/service.yaml; "
                        + "put it back by hand")
                continue
            }
            settled[other] = last
        }
        return settled
    }

    /// Whether an operation was rolled back, or is about to be.
    private func wentBack(_ operation: OperationRecord, _ state: LedgerState) -> Bool {
        switch (operation.outcome, operation.rollout.direction) {
        case (.rolledBack?, _), (nil, .back): true
        case (nil, .forward): state.steerings[operation.number]?.aborted != nil
        case (_?, _): false
        }
    }

    // MARK: Branches

    /// The revert that Airlock offered itself and that does the same; nil when there is none.
    private func standing(
        _ reversal: Reversal, _ reader: LedgerReader, _ source: GitSource
    ) async throws -> Offer? {
        let entries = try await reader.entries(AuditFilter(lane: lane, kinds: [.decision]))
        let branches = entries.filter { $0.draft.outcome == Reversal.offered }
            .compactMap { $0.draft.detail["branch"].flatMap { BranchName($0) } }
        for branch in branches.suffix(Self.branchLimit).reversed() {
            if let offer = await self.offer(on: branch, of: reversal, source) { return offer }
        }
        return nil
    }

    /// A branch of the remote as an offer; nil when it is not there or does something else.
    private func offer(
        on branch: BranchName, of reversal: Reversal, _ source: GitSource
    ) async -> Offer? {
        do throws(SourceError) {
            let merge = try await source.proposal(branch: branch, limit: FleetReading.fetchLimit)
            guard merge.staleBecause == nil, try await reversal.isMade(by: merge, in: source)
            else { return nil }
            return Offer(branch: branch, commit: merge.head, existed: true)
        } catch {
            if case .branchMissing = error { return nil }
            Output.note("\(branch) cannot be looked at: \(error.phrase)")
            return nil
        }
    }

    /// Pushes the commit as a branch of its own; one that was pushed for the same before stays.
    private func push(
        _ draft: CommitDraft, _ reversal: Reversal, _ wanted: Wanted, _ source: GitSource
    ) async throws -> Offer? {
        guard let branch = reversal.branch(of: lane, to: wanted.operation.number) else {
            return nil
        }
        if let offer = await self.offer(on: branch, of: reversal, source) { return offer }
        let commit = try await Progress.around("pushing \(branch)") {
            try await source.push(draft, as: branch, limit: FleetReading.fetchLimit)
        }
        return Offer(branch: branch, commit: commit, existed: false)
    }

    // MARK: Telling

    /// Why the lane cannot be put back, and what to do instead.
    private func failure(
        _ error: Reversal.Failure, of wanted: Wanted, _ state: LedgerState
    ) -> Failure {
        let number = wanted.operation.number
        switch error {
        case .nothingToDo:
            if let quarantine = quarantine(of: wanted.slot, state) {
                return Failure(
                    "git asks for what operation \(number) brought already, and that was rolled "
                        + "back: \(quarantine.reason)",
                    advice: "`airlock rollout retry \(lane)` tries it again; see "
                        + "`airlock history \(lane)` for another one")
            }
            if state.lanes[lane]?.settled?.slot.id == wanted.slot.id {
                return Failure(
                    "\(lane) runs what operation \(number) brought, and git asks for it",
                    advice: "see `airlock history \(lane)` and name another operation with --to")
            }
            return Failure(
                "\(lane) cannot be put back: \(error.phrase)",
                advice: "`airlock explain \(lane)` says what is under way or held")
        case .noRelease(let path):
            return Failure(
                "\(lane) cannot be put back: \(error.phrase)",
                advice: "revert the commit that removed it: `git log -1 -- \(path)` names it")
        case .source, .movedOn, .byHand:
            return Failure("\(lane) cannot be put back: \(error.phrase)")
        }
    }

    /// A release alone does not bring back a slot that ran under another `service.yaml`.
    private func otherService(_ wanted: Wanted) -> Failure {
        let file = "services/\(lane.unit.name)/service.yaml"
        let version = wanted.version.map { " (\($0))" } ?? ""
        return Failure(
            "\(lane) cannot be put back to what operation \(wanted.operation.number) brought\(version): "
                + "\(file) is another one now, and its release with that would be a slot that never ran",
            advice:
                "put \(file) back first (`git log -- \(file)` names its commits), or name another "
                + "operation of `airlock history \(lane)` with --to")
    }

    private func quarantine(of slot: SlotSpec, _ state: LedgerState) -> Quarantine? {
        state.quarantines[lane]?.last { $0.slot == slot.id }
    }

    /// What speaks against what is gone back to; nil for what settled and was never rolled back.
    private func warning(of wanted: Wanted, _ state: LedgerState) -> String? {
        let name = "operation \(wanted.operation.number)"
        if let quarantine = quarantine(of: wanted.slot, state) {
            return "what \(name) brought was rolled back: \(quarantine.reason); it is quarantined, "
                + "and held after the merge until `airlock rollout retry \(lane)`"
        }
        if let result = state.verifications[lane]?.results.last(where: {
            $0.build == wanted.slot.build
        }),
            result.outcome != .passed
        {
            return "the verify job of what \(name) brought did not pass: \(result.outcome.rawValue)"
        }
        switch wanted.operation.outcome {
        case .settled?, .verified?: return nil
        case .rolledBack(let reason)?: return "\(name) was rolled back: \(reason)"
        case .superseded?: return "\(name) never settled: another one took its place"
        case .expired?: return "\(name) never settled: it expired"
        case nil: return "\(name) has not settled yet"
        }
    }

    private func show(_ view: View) throws {
        switch output.format {
        case .json, .yaml: try Output.value(view, as: output.format)
        case .human:
            guard let branch = view.branch else {
                if !patch {
                    Output.note(
                        "Airlock may not push here; pass this to `git apply`, or set gitPush")
                }
                Output.document(String(view.patch.unicodeScalars.dropLast()))
                return
            }
            let version = view.version.map { " (\($0))" } ?? ""
            let existing = view.existed == true ? ", which is there already" : ""
            let group =
                view.others.isEmpty
                ? "" : " with its group (\(view.others.joined(separator: ", ")))"
            Output.data(
                """
                \(view.lane) goes back to what operation \(view.operation) brought\(version)\(group) \
                when \(branch) is merged\(existing).
                  airlock plan --ref \(branch)
                """)
        }
    }

    /// The slots that could be gone back to with the operations that brought them, the newest first; the one that the
    /// caller named alone.
    private func candidates(
        _ reader: LedgerReader, _ now: DesiredLane?, _ state: LedgerState
    ) async throws -> [Wanted] {
        let operations = try await reader.operations(of: lane, limit: Self.searchLimit)
        if let to {
            guard let found = operations.first(where: { $0.number == to }) else {
                throw Failure(
                    "\(lane) has no operation \(to)", advice: "see `airlock history \(lane)`")
            }
            guard case .slot(let slot, let version, _)? = found.change?.target else {
                throw Failure(
                    "operation \(to) brought no release", advice: "see `airlock history \(lane)`")
            }
            return [Wanted(operation: found, slot: slot, version: version)]
        }
        return operations.filter { $0.outcome == .settled }.compactMap { operation in
            // What a watch took back had settled before.
            guard case .slot(let slot, let version, _)? = operation.change?.target,
                quarantine(of: slot, state) == nil,
                slot.artifact != now?.release.artifact || slot.desiredConfig != now?.release.config
                    || slot.template != now?.template
            else { return nil }
            return Wanted(operation: operation, slot: slot, version: version)
        }
    }
}
