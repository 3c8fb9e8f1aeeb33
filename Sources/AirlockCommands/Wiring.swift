import AirlockControl
import AirlockEngine
import AirlockGit
import AirlockHost
import AirlockLedger
import AirlockModel
import AirlockPorts
import AirlockSimulator
import Foundation
import Logging

/// The one place where adapters are put together.
struct Wiring: Sendable {
    private(set) var settings: Settings
    let clock: SystemClock
    let user = LocalUser.current
    /// The simulated world of the state directory.
    let world: SimulatedProvider

    init(_ settings: Settings) throws {
        self.settings = settings
        let clock = try SystemClock()
        self.clock = clock
        world = SimulatedProvider(
            directory: settings[.state], now: { clock.now().wall })
    }

    /// The same for a verb that ends at once: only warnings are logged, unless a level was asked for.
    func quiet() -> Wiring {
        var wiring = self
        wiring.settings = settings.quiet(Logger.Level.warning.rawValue)
        return wiring
    }

    /// The same with a mirror in another folder, for a look that must leave nothing behind.
    func mirroring(in folder: String) -> Wiring {
        var wiring = self
        wiring.settings = settings.keeping(state: folder)
        return wiring
    }

    /// The state directory.
    var state: StateDirectory { StateDirectory(path: settings[.state]) }

    /// The repository, mirrored in the state directory.
    func source() throws -> GitSource {
        guard let branch = BranchName(settings[.branch]) else {
            throw Failure(
                "\(settings[.branch]) is not a branch name", advice: "give one like main")
        }
        try prepareState()
        let clock = clock
        return try GitSource(
            remote: Self.remote(settings[.repo]), branch: branch, directory: settings[.state],
            access: try settings.remoteAccess(), signer: try settings.commitSigner(),
            now: { clock.now().wall })
    }

    /// Makes the state directory where there is none, and refuses one that others can read.
    private func prepareState() throws {
        try state.make()
        try state.check()
    }

    /// The provider of each kind.
    var providers: [ProviderChoice: any Provider] { [.simulated: world] }
    /// What measures what each of them runs.
    var signals: [ProviderChoice: any SignalSource] { [.simulated: world] }

    /// Where versions of secrets come from.
    var secrets: any SecretSource { world }

    /// A reader of the journal that never locks; nil where there is no ledger yet.
    func reader() throws(LedgerError) -> LedgerReader? {
        do { return try LedgerReader.open(state) } catch {
            if case .missing = error { return nil }
            throw error
        }
    }

    /// Takes the ledger's lock.
    func ledger(waitForLock: Bool = false) async throws(LedgerError) -> LedgerStore {
        try await LedgerStore.openForWriting(
            state, clock: clock, waitForLock: waitForLock)
    }

    /// Gives the ledger's lock back, and logs how much was written.
    func close(_ ledger: LedgerStore) async throws {
        do { try await ledger.close() } catch {
            // What was done is done, and is told all the same.
            try logger().error(
                "the ledger was not closed in order; what was written last may not be signed yet",
                metadata: ["reason": "\(error)"])
        }
        let counters = ledger.counters
        try logger().info(
            "ledger closed",
            metadata: [
                "transactions": "\(counters.transactions)", "entries": "\(counters.entries)",
                "flushes": "\(counters.flushes)", "checkpoints": "\(counters.checkpoints)",
            ])
    }

    /// An engine on an open ledger.
    func engine(
        on ledger: LedgerStore, _ adjust: (inout EngineSettings) -> Void = { _ in }
    ) async throws -> Engine {
        var engine = EngineSettings()
        engine.actor = Actor(id: "uid:\(user.uid)", kind: .local)
        engine.version = ProductVersion.current
        engine.follows = settings.follows
        engine.pid = Int(ProcessInfo.processInfo.processIdentifier)
        if ledger.relaid > 0 {
            engine.mended["auditTiles"] = "missing; \(ledger.relaid) entries were laid anew"
            try logger().warning(
                "tiles of the audit log were missing and were laid anew from the journal",
                metadata: ["entries": "\(ledger.relaid)"])
        }
        if ledger.hadNoCheckpoint {
            engine.mended["auditCheckpoint"] = "missing; the last one that was signed was put back"
            try logger().warning(
                "the checkpoint of the audit log was missing and was put back from the journal")
        }
        adjust(&engine)
        let source = try source()
        let author = try settings.mayPush() ? settings.gitIdentity() : nil
        var parts = EngineParts(
            source: source, ledger: ledger, providers: providers,
            signals: signals, signalServers: try signalServers(), secrets: secrets,
            behaviours: world,
            copy: author.map { LogCopy(log: ledger, writer: source, author: $0) },
            reverts: author.map { RevertBranches(writer: source, author: $0) },
            clock: clock, logger: try logger(), settings: engine)
        parts.notifiers = try notifiers()
        parts.probers = [.simulated: PreviewProber(world: world, web: HTTPProber())]
        return try await Engine(parts: parts)
    }

    /// The socket on which the holder of the ledger answers.
    func controlSocket() throws -> String {
        try SettingsPaths(environment: ProcessInfo.processInfo.environment)
            .controlSocket(in: settings[.state])
    }

    /// Logs to stderr.
    func logger() throws -> Logger {
        guard let level = Logger.Level(rawValue: settings[.logLevel]) else {
            throw Failure(
                "\(settings[.logLevel]) is not a log level",
                advice: "use trace, debug, info, notice, warning, error or critical")
        }
        guard let format = LogFormat(rawValue: settings[.logFormat]) else {
            throw Failure(
                "\(settings[.logFormat]) is not a log format", advice: "use text or json")
        }
        let clock = clock
        return Logger(label: "airlock") { _ in
            LogHandlerToStderr(format: format, level: level, now: { clock.now().wall })
        }
    }

    /// A path is made absolute, so that it means the same in the process that fetches.
    ///
    /// What could be a server's name, a user or a token before its first slash is no path, or it would be shown as
    /// one; a folder of such a name is written with `./` before it.
    private static func remote(_ text: String) -> String {
        let first = text.prefix { $0 != "/" }
        guard !first.isEmpty, !first.contains(":"), !first.contains("@") else { return text }
        return URL(filePath: text).standardizedFileURL.path(percentEncoded: false)
    }
}
