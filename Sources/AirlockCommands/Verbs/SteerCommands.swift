import AirlockModel
import ArgumentParser

/// `airlock freeze`: stops forward changes, repairs and healing.
struct FreezeCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "freeze",
        abstract: "Stop forward changes, repairs and healing in an environment or lane.",
        discussion: """
            An automatic rollback of what is judged goes on, unless everything is stopped with --all; the deadline of a \
            slot that gets no traffic stands still meanwhile.
            """)

    @Argument(help: "An environment (production) or a lane (production/checkout).")
    var scope: Freeze.Scope?

    @Flag(help: "Stop the whole fleet, automatic rollback too; a person is paged every 15 minutes.")
    var all = false

    @Option(help: "Why; it is kept in the audit log and shown to whoever waits.")
    var reason: String

    @Option(name: .customLong("for"), help: "How long, such as 2h (default: until thawed).")
    var lasting: DurationArgument?

    @OptionGroup var common: CommonOptions
    @OptionGroup var output: FormatOption

    func perform() async throws -> ExitStatus {
        let wiring = try Wiring(try common.settings())
        if let scope { try await KnownNames.check(scope, wiring) }
        return try await Holder(wiring: wiring).carryOut(call, as: output.format)
    }

    private var call: ControlRequest.Call {
        if let scope {
            return .freeze(scope, reason: reason, lasting: lasting?.duration)
        }
        return .freezeAll(reason: reason, lasting: lasting?.duration)
    }

    func validate() throws {
        try Scoped.check(scope, all)
        if reason.allSatisfy(\.isWhitespace) {
            throw ValidationError("--reason is empty; say why, for whoever waits")
        }
        if let lasting, lasting.duration <= .zero {
            throw ValidationError("--for is no time; write 2h or 30m, or leave it out")
        }
    }
}

/// `airlock thaw`: ends a freeze.
struct ThawCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "thaw", abstract: "End a freeze.")

    @Argument(help: "What was frozen: an environment or a lane.")
    var scope: Freeze.Scope?

    @Flag(help: "End a stop of the whole fleet.")
    var all = false

    @OptionGroup var common: CommonOptions
    @OptionGroup var output: FormatOption

    func perform() async throws -> ExitStatus {
        let wiring = try Wiring(try common.settings())
        // Nothing was ever frozen where there is no ledger, and asking must not make one.
        guard try wiring.reader() != nil else { throw Failure.noLedger(wiring) }
        return try await Holder(wiring: wiring).carryOut(
            scope.map(ControlRequest.Call.thaw) ?? .thawAll, as: output.format)
    }
}

extension ThawCommand {
    func validate() throws { try Scoped.check(scope, all) }
}

/// What a freeze or thaw is about: one scope, or everything.
private enum Scoped {
    static func check(_ scope: Freeze.Scope?, _ all: Bool) throws {
        if scope == nil, !all {
            throw ValidationError("name an environment or a lane, or give --all")
        }
        if let scope, all {
            throw ValidationError("give \(scope) or --all, not both")
        }
    }
}

/// `airlock rollout`: what is under way in a lane.
struct RolloutCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollout", abstract: "See and steer what is under way in a lane.",
        subcommands: [
            Status.self, Hold.self, Resume.self, Abort.self, Retry.self, Replay.self,
        ])

    /// `airlock rollout retry LANE`.
    struct Retry: Verb {
        static let configuration = CommandConfiguration(
            commandName: "retry",
            abstract: "Try a slot again that was rolled back, or a verify job that did not pass.")

        @Argument(help: "The lane, such as production/checkout.")
        var lane: LaneID

        @OptionGroup var common: CommonOptions
        @OptionGroup var output: FormatOption

        func perform() async throws -> ExitStatus {
            let wiring = try Wiring(try common.settings())
            guard try wiring.reader() != nil else { throw Failure.noLedger(wiring) }
            let names = try await KnownNames(wiring)
            if !names.isEmpty { try names.check(lane) }
            return try await Holder(wiring: wiring).carryOut(.retry(lane), as: output.format)
        }
    }
}
