import AirlockModel
import ArgumentParser

/// The verbs with which a person steers one rollout.
extension RolloutCommand {
    /// `airlock rollout hold LANE`.
    struct Hold: SteeringVerb {
        static let configuration = CommandConfiguration(
            commandName: "hold", abstract: "Keep a rollout at its step until it is resumed.",
            discussion: """
                It is judged on, and harm is taken back. It holds this rollout; a newer release takes its \
                place. `rollout: hold` in a release does the same from git.
                """)

        static let steer = Steer.hold

        @OptionGroup var steered: SteeredLane
    }

    /// `airlock rollout resume LANE`.
    struct Resume: SteeringVerb {
        static let configuration = CommandConfiguration(
            commandName: "resume",
            abstract: "Let a rollout go on: end a hold, or pass a step that waits for a person.",
            discussion: """
                A step waits for a person where it has `requires: approval`, and where it stayed undecided \
                with `onUndecided: hold`. What was found harmful goes back all the same.
                """)

        static let steer = Steer.resume

        @OptionGroup var steered: SteeredLane
    }

    /// `airlock rollout abort LANE`.
    struct Abort: SteeringVerb {
        static let configuration = CommandConfiguration(
            commandName: "abort", abstract: "Take a rollout back, whatever holds it.",
            discussion: """
                Traffic goes back to the slot before, the new one is stopped and put in quarantine; \
                `airlock rollout retry LANE` tries it again. `rollout: abort` in a release does the same \
                from git.
                """)

        static let steer = Steer.abort

        @OptionGroup var steered: SteeredLane
    }
}

/// A verb that says one word about a rollout.
protocol SteeringVerb: Verb {
    /// The word.
    static var steer: Steer { get }
    /// The lane that it is about, and why it is said.
    var steered: SteeredLane { get }
}

extension SteeringVerb {
    func perform() async throws -> ExitStatus { try await steered.carryOut(Self.steer) }
}

/// The lane that a person says something about, and why.
struct SteeredLane: ParsableArguments {
    @Argument(help: "The lane, such as production/checkout.")
    var lane: LaneID

    @Option(help: "Why; it is kept in the audit log and shown to whoever waits.")
    var reason = "no reason was given"

    @OptionGroup var common: CommonOptions
    @OptionGroup var output: FormatOption

    func validate() throws {
        if reason.allSatisfy(\.isWhitespace) {
            throw ValidationError("--reason is empty; say why, or leave it out")
        }
    }

    func carryOut(_ steer: Steer) async throws -> ExitStatus {
        let wiring = try Wiring(try common.settings())
        guard try wiring.reader() != nil else { throw Failure.noLedger(wiring) }
        return try await Holder(wiring: wiring)
            .carryOut(.steer(lane, steer, reason: reason), as: output.format)
    }
}
