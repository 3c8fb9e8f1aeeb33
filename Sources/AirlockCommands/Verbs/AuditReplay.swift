import AirlockHost
import AirlockLedger
import AirlockModel
import AirlockRehearsal
import ArgumentParser

extension AuditCommand {
    /// `airlock audit replay`.
    struct Replay: Verb {
        static let configuration = CommandConfiguration(
            commandName: "replay",
            abstract: "Play the log of a backup again and hold it against its journal.",
            discussion: """
                Give a copy of the state directory as --state, on any machine: nothing is fetched, asked or
                written. The files are verified first; then every intent must have one end, nothing may
                have been done twice, and what the log says was settled must be what the journal says.
                Exit code 0 when they agree, 1 when not.
                """)

        @Option(help: "Only tell entries of this lane; all are played.") var lane: LaneID?
        @Option(help: "Only tell from then on: RFC 3339, or a time ago such as 2h.")
        var since: TimeArgument?
        @OptionGroup var common: CommonOptions
        @OptionGroup var output: FormatOption

        func perform() async throws -> ExitStatus {
            let wiring = try Wiring(try common.settings())
            guard let reader = try wiring.reader() else { throw Failure.noLedger(wiring) }
            let log = AuditLog(wiring.state)
            let verified = try await Progress.around("verifying the log") { try log.verify() }
            // The journal has also what was not signed yet when the copy was made.
            let entries = try await reader.entries(AuditFilter())
            guard entries.count >= verified.checkpoint.size else {
                throw Failure.cutJournal(entries.count, signed: verified.checkpoint.size)
            }
            let replay = LogReplay(entries, state: try await reader.state())
            let now = wiring.clock.now().wall
            let from = since?.timestamp(now: now)
            let told = entries.filter { entry in
                (lane == nil || entry.draft.lane == lane)
                    && (from.map { entry.draft.time >= $0 } ?? true)
            }
            switch output.format {
            case .json, .yaml:
                try Output.value(
                    View(
                        story: told.map(EntryView.init), entries: verified.checkpoint.size,
                        effects: replay.effects, starts: replay.starts,
                        violations: replay.violations), as: output.format)
            case .human:
                Output.data(AuditText(entries: told, ink: common.ink).text)
                Output.data(Self.verdict(replay, size: verified.checkpoint.size, common.ink))
            }
            return replay.violations.isEmpty ? .done : .error
        }

        private struct View: Encodable {
            let story: [EntryView]
            let entries: Int
            let effects: Int
            let starts: Int
            let violations: [String]
        }

        private static func verdict(_ replay: LogReplay, size: Int, _ ink: Ink) -> String {
            let head =
                "\(size) entries, \(replay.effects) effects, \(replay.starts) starts that left an entry."
            guard !replay.violations.isEmpty else {
                return head + "\n"
                    + ink.green("Log and journal agree: nothing was lost, nothing done twice.")
            }
            return head + "\n" + ink.red("Log and journal do not agree:") + "\n"
                + replay.violations.map { "  " + $0.visible }.joined(separator: "\n")
        }
    }
}
