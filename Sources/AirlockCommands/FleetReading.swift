import AirlockEngine
import AirlockGit
import AirlockHost
import AirlockLedger
import AirlockManifest
import AirlockModel
import AirlockPlan
import AirlockPorts

/// Reading git and the engines without changing anything: what `plan` and the looking verbs share.
struct FleetReading {
    /// How long a fetch may take before the last one has to do.
    static let fetchLimit = Duration.seconds(30)

    /// The fleet at one commit, as it is or as it would be.
    struct Reading {
        var fleet: Fleet?
        var commit: CommitID
        var diagnostics: [Diagnostic]
        var simulation: SimulationSpec?
        var origin: PlanOrigin
        var fetched: Timestamp?
        /// The name of the branch's fleet where there is no merge that could have one.
        var unmerged: FleetName?
    }

    let wiring: Wiring
    let source: GitSource

    init(_ wiring: Wiring) throws {
        self.wiring = wiring
        source = try wiring.source()
    }

    /// Reads the branch after a fetch, or from the last fetch when the remote cannot be reached.
    func head() async throws -> Reading {
        let (head, notices) = try await fetch(forPlan: true)
        var decoder = FleetDecoder()
        return try await read(head, with: &decoder, notices: notices)
    }

    /// Reads the branch as it was fetched last; nil before the first fetch.
    ///
    /// A commit that holds what is never read has no fleet, as one whose `fleet.yaml` cannot be read.
    func lastFetched() async throws -> Reading? {
        guard let head = try await source.lastFetch() else { return nil }
        var decoder = FleetDecoder()
        do { return try await read(head, with: &decoder, notices: []) } catch let error
            as SourceError where error.isOfCommit
        {
            let found = Diagnostic(path: "commit \(head.commit.short)", problem: error.phrase)
            return Reading(
                fleet: nil, commit: head.commit, diagnostics: [found], simulation: nil,
                origin: PlanOrigin(), fetched: head.fetched)
        }
    }

    /// Reads a commit that was fetched before.
    func read(at commit: CommitID) async throws -> Reading {
        var decoder = FleetDecoder()
        let head = FetchedHead(commit: commit, fetched: wiring.clock.now().wall)
        return try await read(head, with: &decoder, notices: [])
    }

    /// Reads what the branch would be after merging `branch`, in memory.
    func merged(_ branch: BranchName) async throws -> Reading {
        let (head, notices) = try await fetch(forPlan: true)
        let proposal = try await Progress.around("fetching \(branch)") {
            try await source.proposal(branch: branch, limit: Self.fetchLimit)
        }
        var decoder = FleetDecoder()
        var reading = try await read(head, with: &decoder, notices: notices)
        reading.origin.branch = branch
        reading.origin.conflicts = proposal.conflicts
        if let why = proposal.staleBecause {
            let age = (wiring.clock.now().wall - proposal.fetched).brief
            reading.origin.notices.append("\(branch) was fetched \(age) ago: \(why)")
        }
        guard proposal.conflicts.isEmpty else {
            reading.unmerged = reading.fleet?.name
            reading.fleet = nil
            return reading
        }
        let decoded = try await FleetDecoding.apply(
            proposal.delta, to: &decoder, from: source, known: proposal.mergedBlobs, commit: nil)
        reading.fleet = decoded.fleet
        reading.diagnostics = decoded.diagnostics
        reading.simulation = decoded.simulation ?? reading.simulation
        return reading
    }

    /// Fetches the branch, or takes the last fetch and says why.
    ///
    /// - Parameter forPlan: Whether it is only looked at: then another process that writes the mirror
    ///   is not waited for as long.
    func fetch(forPlan: Bool = false) async throws -> (FetchedHead, [String]) {
        do {
            let head = try await Progress.around("fetching \(wiring.settings.shown(.repo))") {
                try await forPlan
                    ? source.headForPlan(limit: Self.fetchLimit)
                    : source.fetch(limit: Self.fetchLimit)
            }
            return (head, [])
        } catch let error as SourceError {
            guard let last = try await source.lastFetch() else { throw error }
            let age = (wiring.clock.now().wall - last.fetched).brief
            return (last, ["the last fetch was \(age) ago: \(error.phrase)"])
        }
    }

    private func read(
        _ head: FetchedHead, with decoder: inout FleetDecoder, notices: [String]
    ) async throws -> Reading {
        let delta = try await source.delta(from: nil, to: head.commit)
        let decoded = try await FleetDecoding.apply(
            delta, to: &decoder, from: source, commit: head.commit)
        return Reading(
            fleet: decoded.fleet, commit: head.commit, diagnostics: decoded.diagnostics,
            simulation: decoded.simulation, origin: PlanOrigin(notices: notices),
            fetched: head.fetched)
    }
}

/// Planning without a running reconciler: nothing is claimed, adopted or written.
struct PlanReading {
    let wiring: Wiring
    let ledger: LedgerState
    /// The most lanes whose traffic is asked for.
    private static let lanesMeasured = 200
    /// The fleet that the ledger belongs to; nil in a new one.
    private let origin: FleetName?

    init(_ wiring: Wiring) async throws {
        self.wiring = wiring
        let reader = try wiring.reader()
        ledger = try await reader?.state() ?? LedgerState()
        origin = try await reader?.origin()
    }

    /// That `fleet` is not the one that the ledger belongs to; nil when it is.
    func otherFleet(_ fleet: Fleet) -> String? {
        guard let origin, fleet.name != origin else { return nil }
        return "it is the fleet \(fleet.name), and this ledger is that of \(origin)"
    }

    /// Plans what `reading` says against what is there now; nothing for the fleet of another ledger.
    ///
    /// - Parameter limits: Those that are in force, where they are not those of the accepted commit.
    func plan(
        _ reading: FleetReading.Reading, under limits: Limits? = nil
    ) async throws -> Plan {
        guard let fleet = reading.fleet else {
            throw Failure(
                "this fleet cannot be planned:\n"
                    + reading.diagnostics.map { "  " + $0.description.visible }.joined(
                        separator: "\n"),
                advice: "mend what is named and commit it")
        }
        // What runs is another fleet's, and what the ledger says is of that one.
        if let other = otherFleet(fleet) {
            let refused = HeadRefusal(other).phrase
            return Plan(fleet: fleet.name, commit: reading.commit, incomplete: refused)
        }
        var observed: [EnvironmentName: ObservedEnvironment] = [:]
        var facts = Facts(
            ledger: ledger, commit: reading.origin.branch == nil ? reading.commit : nil,
            limitsInForce: limits ?? limitsInForce(for: reading))
        for (name, environment) in fleet.environments {
            guard let provider = wiring.providers[environment.provider] else { continue }
            facts.capabilities[name] = provider.capabilities(of: name)
            facts.secrets[name] = try await secrets(of: name, in: fleet, reading.simulation)
            observed[name] = await observe(name, of: fleet.name, by: provider)
        }
        let now = wiring.clock.now()
        let plan = await Self.plan(
            FleetPlanning(
                fleet, commit: reading.commit, observed: observed, facts: facts, now: now))
        facts.traffic = try await traffic(for: plan, of: fleet, at: now.wall)
        guard !facts.traffic.isEmpty else { return plan }
        return await Self.plan(
            FleetPlanning(
                fleet, commit: reading.commit, observed: observed, facts: facts, now: now))
    }

    /// Plans the environments at the same time.
    private static func plan(_ planning: FleetPlanning) async -> Plan {
        let parts = await withTaskGroup(of: (Int, EnvironmentPlan).self) { group in
            for (place, name) in planning.environments.enumerated() {
                group.addTask { @concurrent in (place, planning.part(name)) }
            }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        return planning.plan(of: parts.sorted { $0.key < $1.key }.map(\.value))
    }

    /// What the lanes serve whose canary would begin; the most lanes that are asked about are those that
    /// a plan shows in full.
    private func traffic(
        for plan: Plan, of fleet: Fleet, at now: Timestamp
    ) async throws -> [LaneID: MeasuredTraffic] {
        var measured: [LaneID: MeasuredTraffic] = [:]
        for lane in TrafficReading.waiting(in: plan.lanes).prefix(Self.lanesMeasured) {
            guard let base = lane.change?.base else { continue }
            measured[lane.lane] = await TrafficReading.traffic(
                of: lane.lane, base: base,
                from: try wiring.signals(of: lane.lane, in: fleet), at: now)
        }
        return measured
    }

    /// The limits of the accepted commit bind the next one.
    private func limitsInForce(for reading: FleetReading.Reading) -> Limits? {
        guard let head = ledger.head else { return nil }
        let isHead = head.commit.id == reading.commit && reading.origin.branch == nil
        return isHead ? head.limitsInForce : head.limits
    }

    private func observe(
        _ name: EnvironmentName, of fleet: FleetName, by provider: any Provider
    ) async -> ObservedEnvironment {
        do {
            let answer = try await provider.observe(name, of: fleet, lanes: nil, since: nil)
            switch answer {
            case .observed(let observation): return .known(observation)
            case .unchanged: return .unknown("it answered unchanged to the first question")
            }
        } catch { return .unknown(error.phrase) }
    }

    /// Versions that the source knows; of a simulated one those that it takes over with this commit, which
    /// are all that it knows then.
    private func secrets(
        of name: EnvironmentName, in fleet: Fleet, _ simulation: SimulationSpec?
    ) async throws -> [SecretName: String] {
        let names = Set(
            fleet.lanes.values.filter { $0.lane.environment == name }.flatMap(\.secrets))
        guard !names.isEmpty else { return [:] }
        if let simulation, fleet.environments[name]?.provider == .simulated {
            return simulation.secrets.filter { names.contains($0.key) }
        }
        return try await wiring.secrets.versions(of: names, in: name)
    }
}
