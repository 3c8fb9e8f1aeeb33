package import AirlockModel
package import AirlockPorts
package import Logging

/// Everything the engine is put together from; made in one place, the composition root.
package struct EngineParts: Sendable {
    package var source: any CommitSource
    package var ledger: any Ledger
    /// The provider of each kind that an environment can choose.
    package var providers: [ProviderChoice: any Provider]
    /// Where the numbers about what such a provider runs come from.
    package var signals: [ProviderChoice: any SignalSource]
    /// What reaches the servers that environments name instead; nil where none is reached.
    package var signalServers: (any SignalServers)?
    package var secrets: any SecretSource
    /// What takes over `simulation.yaml`; nil where nothing is simulated.
    package var behaviours: (any BehaviourSink)?
    /// Where the audit log's checkpoints are copied to; nil where nothing may be pushed.
    package var copy: LogCopy?
    /// Where reverts are offered; nil where nothing may be pushed.
    package var reverts: RevertBranches?
    /// What asks idle slots of each provider their preview checks.
    package var probers: [ProviderChoice: any Prober] = [:]
    /// Who is told what a person has to know.
    package var notifiers: [any Notifier] = []
    package var clock: any AirlockClock
    package var logger: Logger
    package var settings: EngineSettings

    package init(
        source: any CommitSource, ledger: any Ledger,
        providers: [ProviderChoice: any Provider],
        signals: [ProviderChoice: any SignalSource] = [:],
        signalServers: (any SignalServers)? = nil, secrets: any SecretSource,
        behaviours: (any BehaviourSink)?, copy: LogCopy? = nil,
        reverts: RevertBranches? = nil, clock: any AirlockClock, logger: Logger,
        settings: EngineSettings
    ) {
        self.source = source
        self.ledger = ledger
        self.providers = providers
        self.signals = signals
        self.signalServers = signalServers
        self.secrets = secrets
        self.behaviours = behaviours
        self.copy = copy
        self.reverts = reverts
        self.clock = clock
        self.logger = logger
        self.settings = settings
    }
}

/// How one engine runs; none of it is in the fleet.
package struct EngineSettings: Sendable {
    /// Time between two looks at the remote; nil to look only when asked.
    package var poll: Duration? = .seconds(60)
    /// The only changes that are carried out, and no repair; nil for everything that the plan says.
    package var expected: Set<ChangeID>?
    /// Longest wall time of one fetch.
    package var fetchLimit: Duration = .seconds(60)
    /// Lanes of one environment that are worked on at the same time.
    package var lanesAtOnce = 256
    /// Whether environments are worked on side by side; one after the other is for simulations.
    package var isParallel = true
    /// Where the trust root lies; nil to pin the first commit that is fetched.
    package var trustRoot: CommitID?
    /// What it follows, for callers that mean another one; nil where nobody compares.
    package var follows: FollowedBranch?
    /// Environments to take from another ledger.
    package var takeOver: Set<EnvironmentName> = []
    /// Who started the process.
    package var actor = Actor(id: "uid:0", kind: .local)
    package var version = "unknown"
    /// What was mended when the ledger was opened; recorded with the start.
    package var mended: [String: String] = [:]
    package var pid = 0

    package init() {}
}

/// Why the engine cannot go on; the process ends and recovers at its next start.
package enum EngineHalt: Error, Hashable, Sendable {
    /// The journal or audit log cannot be written or does not agree with itself.
    case ledger(LedgerError)
    /// A later writer of this ledger has taken an engine.
    case fenced(EnvironmentName, by: Claim)
    /// There is no fleet to work on: nothing was ever fetched, or nothing readable.
    case noFleet(String)
    /// Another trust root was named than the one that the ledger has.
    case otherRoot(pinned: CommitID, asked: CommitID)
}
