import AirlockControl
import AirlockEngine
import AirlockHost
import AirlockLedger
import AirlockModel
import AirlockPorts
import ArgumentParser
import Logging
import ServiceLifecycle
import UnixSignals

/// `airlock run`: the long-running reconciler.
struct RunCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Follow the branch and reconcile until told to end.",
        discussion: "SIGTERM or one interrupt finishes or parks what is under way within 20 s.")

    @OptionGroup var common: CommonOptions

    @Option(help: "Time between two looks at the repository (default: 60s).")
    var poll: String?

    @Option(
        help: "The commit before which history is not verified (default: the first fetched).",
        transform: { try CommitArgument.whole($0) })
    var trustRoot: CommitID?

    @Option(help: "An environment to take from another ledger; may be given again.")
    var takeOver: [EnvironmentName] = []

    @Flag(help: "Wait for the ledger while another process holds it.")
    var waitForLock = false

    @Flag(help: "Run as root all the same.")
    var allowRoot = false

    func perform() async throws -> ExitStatus {
        var flags: [Settings.Key: String] = [:]
        flags[.poll] = poll
        let wiring = try Wiring(try common.settings(flags))
        if wiring.user.isRoot, !allowRoot {
            throw Failure(
                "airlock run refuses to run as root",
                advice: "start it as a user of its own, or give --allow-root")
        }
        let rest = try Self.poll(from: wiring.settings[.poll])
        let ledger = try await ledger(wiring)
        do { try await checkTakeOver(wiring) } catch {
            try await wiring.close(ledger)
            throw error
        }
        let engine = try await wiring.engine(on: ledger) { settings in
            settings.poll = rest
            settings.trustRoot = trustRoot
            settings.takeOver = Set(takeOver)
        }
        let logger = try wiring.logger()
        logger.notice(
            "started",
            metadata: [
                "repo": "\(wiring.settings.shown(.repo))", "branch": "\(wiring.settings[.branch])",
                "state": "\(wiring.settings[.state])",
                "epoch": "\(ledger.claim.epoch)",
            ])
        let listener = ControlService(
            listener: ControlListener(path: try wiring.controlSocket(), handler: engine))
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(service: listener), .init(service: engine),
                    .init(service: MemoryService(clock: wiring.clock)),
                ],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        do { try await InterruptWatch.around(group) } catch {
            try await wiring.close(ledger)
            throw error
        }
        try await wiring.close(ledger)
        logger.notice("ended")
        return .done
    }
}

extension RunCommand {
    mutating func validate() throws {
        if let poll, Self.interval(poll) == nil { throw ValidationError(Self.form(poll)) }
    }

    private static func interval(_ text: String) -> Duration? {
        DurationArgument(argument: text).map(\.duration).flatMap { $0 >= .seconds(1) ? $0 : nil }
    }

    private static func form(_ text: String) -> String {
        "`\(text)` is not a poll interval; write 60s or 5m, at least 1s"
    }

    /// The poll interval, wherever it was said.
    static func poll(from text: String) throws -> Duration {
        guard let interval = interval(text) else { throw Failure(form(text)) }
        return interval
    }

    /// Refuses a name of --take-over that neither the ledger nor git knows, before anything is claimed.
    private func checkTakeOver(_ wiring: Wiring) async throws {
        guard !takeOver.isEmpty else { return }
        let state = try await wiring.reader()?.state() ?? LedgerState()
        let fleet: Fleet?
        do { fleet = try await FleetReading(wiring).head().fleet } catch let error as SourceError {
            // The reconciler waits for a remote that is away, and claims nothing before it is back.
            try wiring.logger().warning(
                "names to take over are not checked", metadata: ["reason": "\(error.phrase)"])
            return
        }
        let names = KnownNames(state, fleet: fleet)
        guard !names.isEmpty else { return }
        for name in takeOver { try names.check(name) }
    }

    /// Takes the ledger; a standby says whom it waits for.
    private func ledger(_ wiring: Wiring) async throws -> LedgerStore {
        guard waitForLock else { return try await wiring.ledger() }
        do { return try await wiring.ledger() } catch {
            guard case .locked(let holder) = error else { throw error }
            try wiring.logger().notice("waiting for the ledger", metadata: ["holder": "\(holder)"])
            return try await wiring.ledger(waitForLock: true)
        }
    }
}

/// The control socket as a part of the process.
private struct ControlService: Service {
    let listener: ControlListener

    func run() async throws {
        try await cancelWhenGracefulShutdown { try await listener.run() }
    }
}

/// Looks after the memory of the process.
private struct MemoryService: Service {
    let clock: any AirlockClock

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var memory = ProcessMemory()
            while true {
                do { try await clock.sleep(for: .seconds(10)) } catch { return }
                memory.look()
            }
        }
    }
}
