import AirlockEngine
import AirlockGit
import AirlockHost
import AirlockLedger
import AirlockModel
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
            with --patch and where it may not. Merge the branch, or `git apply` the patch.
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

    private struct View: Encodable {
        let lane: String
        let operation: Int
        let version: String?
        let artifact: String
        let path: String
        let branch: String?
        let commit: String?
        let patch: String
    }

    func perform() async throws -> ExitStatus {
        let settings = try common.settings()
        let wiring = try Wiring(settings)
        guard let reader = try wiring.reader() else { throw Failure.noLedger(wiring) }
        try await KnownNames(reader).check(lane)
        let reading = try FleetReading(wiring)
        let (head, notices) = try await reading.fetch()
        notices.forEach(Output.note)
        let (number, slot, version) = try await wanted(reader, reading, head.commit)
        let reversal: Reversal
        do throws(Reversal.Failure) {
            reversal = try await Reversal(
                of: lane, to: slot, version: version, at: head.commit, from: reading.source)
        } catch {
            throw Failure("\(lane) cannot be put back: \(error.phrase)")
        }
        let text = UnifiedDiff.text(
            reversal.path, from: String(decoding: reversal.before, as: UTF8.self),
            to: String(decoding: reversal.after, as: UTF8.self))
        var pushed: (branch: BranchName, commit: CommitID)?
        if !patch, try settings.mayPush(),
            let branch = reversal.branch(of: lane, to: number)
        {
            let draft = reversal.draft(
                lane, version: version,
                because: "Asked for with airlock rollback by uid \(LocalUser.current.uid).",
                by: try settings.gitIdentity(), at: wiring.clock.now().wall)
            pushed = (
                branch,
                try await Progress.around("pushing \(branch)") {
                    try await reading.source.push(
                        draft, as: branch, limit: FleetReading.fetchLimit)
                }
            )
        }
        try show(
            View(
                lane: lane.description, operation: number, version: version,
                artifact: slot.artifact.description, path: reversal.path,
                branch: pushed?.branch.description, commit: pushed?.commit.description,
                patch: text))
        return .done
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
            Output.data(
                """
                \(view.lane) goes back to what operation \(view.operation) brought\(version) \
                when \(branch) is merged.
                  airlock plan --ref \(branch)
                """)
        }
    }

    /// The slot to go back to, and the operation that brought it.
    private func wanted(
        _ reader: LedgerReader, _ reading: FleetReading, _ head: CommitID
    ) async throws -> (operation: Int, slot: SlotSpec, version: String?) {
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
            return (to, slot, version)
        }
        let now = try await reading.read(at: head).fleet?.lanes[lane]?.release
        for operation in operations where operation.outcome == .settled {
            guard case .slot(let slot, let version, _)? = operation.change?.target else {
                continue
            }
            if slot.artifact != now?.artifact || slot.desiredConfig != now?.config {
                return (operation.number, slot, version)
            }
        }
        throw Failure(
            "\(lane) never settled on anything but what git says now",
            advice: "see `airlock history \(lane)` and name an operation with --to")
    }
}
