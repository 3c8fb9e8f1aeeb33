import AirlockModel
import ArgumentParser

/// The verbs with which a person steers one rollout.
extension RolloutCommand {
    /// `airlock rollout hold LANE`.
    struct Hold: Verb {
        static let configuration = CommandConfiguration(
            commandName: "hold", abstract: "Keep a rollout at its step until it is resumed.",
            discussion: """
                It is judged on, and harm is taken back. It holds this rollout; a newer release takes its \
                place. `rollout: hold` in a release does the same from git.
                """)

        @OptionGroup var steered: SteeredLane
        @OptionGroup var common: CommonOptions
        @OptionGroup var output: FormatOption

        func perform() async throws -> ExitStatus {
            try await steered.carryOut(.hold, common, output)
        }
    }

    /// `airlock rollout resume LANE`.
    struct Resume: Verb {
        static let configuration = CommandConfiguration(
            commandName: "resume",
            abstract: "Let a rollout go on: end a hold, or pass a step that waits for a person.",
            discussion: """
                A step waits for a person where it has `requires: approval`, and where it stayed undecided \
                with `onUndecided: hold`. What was found harmful goes back all the same.
                """)

        @OptionGroup var steered: SteeredLane
        @OptionGroup var common: CommonOptions
        @OptionGroup var output: FormatOption

        func perform() async throws -> ExitStatus {
            try await steered.carryOut(.resume, common, output)
        }
    }

    /// `airlock rollout abort LANE`.
    struct Abort: Verb {
        static let configuration = CommandConfiguration(
            commandName: "abort", abstract: "Take a rollout back, whatever holds it.",
            discussion: """
                Traffic goes back to the slot before, the new one is stopped and put in quarantine; \
                `airlock rollout retry LANE` tries it again. `rollout: abort` in a release does the same \
                from git.
                """)

        @OptionGroup var steered: SteeredLane
        @OptionGroup var common: CommonOptions
        @OptionGroup var output: FormatOption

        func perform() async throws -> ExitStatus {
            try await steered.carryOut(.abort, common, output)
        }
    }
}

/// The lane that a person says something about, and why.
struct SteeredLane: ParsableArguments {
    @Argument(help: "The lane, such as production/checkout.")
    var lane: LaneID

    @Option(help: "Why; it is kept in the audit log and shown to whoever waits.")
    var reason = "no reason was given"

    func validate() throws {
        if reason.allSatisfy(\.isWhitespace) {
            throw ValidationError("--reason is empty; say why, or leave it out")
        }
    }

    func carryOut(
        _ steer: Steer, _ common: CommonOptions, _ output: FormatOption
    ) async throws -> ExitStatus {
        let wiring = try Wiring(try common.settings())
        guard try wiring.reader() != nil else { throw Failure.noLedger(wiring) }
        return try await Holder(wiring: wiring)
            .carryOut(.steer(lane, steer, reason: reason), as: output.format)
    }
}
