import AirlockManifest
import AirlockModel
import AirlockPlan
import AirlockPorts
import AirlockTrust
import Logging

/// What one look at git cost.
struct LookWork {
    var fetching = Duration.zero
    /// Comparing the trees of two commits.
    var walking = Duration.zero
    /// Reading and decoding what differs.
    var decoding = Duration.zero
    var documents = 0
    var lanes = 0
}

/// Follows the branch: fetch, verify, decode, accept or refuse.
actor SourceKeeper {
    /// Authors that are remembered; beyond it they are asked for again.
    private static let rememberedAuthors = 1_000

    let parts: EngineParts
    let books: Books
    var decoder = FleetDecoder()
    private(set) var accepted: AcceptedFleet?
    /// What staging and production stay on while a rewritten head waits for a person.
    var kept = KeptFleet.newest
    var fetched: FetchedHead?
    /// What was wrong with the remote, or with the mirror, at the last look.
    var fault: String?
    /// The same as far as the branch was not had from the remote.
    private(set) var fetchFault: String?
    private var revision = 0
    var work = LookWork()
    /// The newest commit when it was refused, and why; told for as long as it is the newest.
    var refused: (commit: CommitID, why: String)?
    private var authors: [CommitID: String] = [:]
    /// How often the mirror was put aside since the newest commit could be read.
    var clones = 0
    var lastClone: Moment?
    /// One refresh at a time: the state above is used across suspensions.
    let turns = Turns()
    /// One commit is read at a time, also while the remote is asked.
    let readings = Turns()
    /// Whether the remote is being asked, so that nobody else puts the mirror aside.
    var isFetching = false

    init(parts: EngineParts, books: Books) {
        self.parts = parts
        self.books = books
    }

    /// Looks at the remote and accepts what is new; a remote that is gone leaves everything as it is.
    ///
    /// - Returns: Whether another fleet is in force now.
    func refresh() async throws(EngineHalt) -> Bool {
        await turns.enter()
        defer { turns.leave() }
        let stopwatch = Stopwatch()
        let before = await parts.source.readCounts()
        work = LookWork()
        await fetchHead()
        work.fetching = stopwatch.elapsed
        await beginReading()
        defer { readings.leave() }
        if let head = fetched?.commit, head != accepted?.id, head != refused?.commit {
            if try await takeUp(head) {
                await log(stopwatch.elapsed, since: before)
                return true
            }
        }
        await log(stopwatch.elapsed, since: before)
        guard accepted == nil else { return false }
        return try await resume()
    }

    /// All that is wrong: with the remote, with the newest commit, and what keeps staging and production from it. Who
    /// mends one of them has to see the others.
    var faults: [String] {
        var faults = [fault].compactMap(\.self)
        if let refused, refused.commit == fetched?.commit { faults.append(refused.why) }
        if case .older(_, let why) = kept { faults.append(why) }
        return faults
    }

    /// Waits for the turn to read a commit; what the remote said is told over what another reading found meanwhile.
    func beginReading() async {
        let told = fault
        await readings.enter()
        fault = told
    }

    /// Asks the remote for its head; what was fetched last stands in for a remote that is gone.
    func fetchHead() async {
        isFetching = true
        defer { isFetching = false }
        do {
            fetched = try await fetch()
            (fault, fetchFault) = (nil, nil)
        } catch {
            fault = "git: \(error.phrase)"
            fetchFault = fault
            parts.logger.warning("fetch failed", metadata: ["reason": "\(error.phrase)"])
            if fetched == nil { await recallLastFetch() }
        }
    }

    /// Says what a look cost.
    private func log(_ all: Duration, since before: ReadCounts) async {
        let counts = await parts.source.readCounts()
        parts.logger.debug(
            "looked",
            metadata: [
                "fetchMicroseconds": "\(work.fetching.microseconds)",
                "walkMicroseconds": "\(work.walking.microseconds)",
                "decodeMicroseconds": "\(work.decoding.microseconds)",
                "allMicroseconds": "\(all.microseconds)",
                "trees": "\(counts.trees - before.trees)",
                "blobs": "\(counts.blobs - before.blobs)", "documents": "\(work.documents)",
                "lanes": "\(work.lanes)",
            ])
    }

    /// The e-mail address of a commit's author, as the commit says.
    func author(of commit: CommitID?) async -> String? {
        guard let commit else { return nil }
        if let known = authors[commit] { return known }
        do {
            let record = try await parts.source.record(of: commit)
            if authors.count >= Self.rememberedAuthors { authors = [:] }
            authors[commit] = record.authorEmail
            return record.authorEmail
        } catch {
            parts.logger.warning(
                "author unknown", metadata: ["commit": "\(commit)", "reason": "\(error.phrase)"])
            return nil
        }
    }

    private func recallLastFetch() async {
        do { fetched = try await parts.source.lastFetch() } catch {
            fault = "git: \(error.phrase)"
        }
    }

    /// After a start: takes up what was in force before while the remote still is asked, because a rollout has to
    /// be judged and an instance healed however long that takes.
    ///
    /// - Returns: Whether a fleet is in force now that was not.
    func resumeMeanwhile() async throws(EngineHalt) -> Bool {
        await readings.enter()
        defer { readings.leave() }
        guard accepted == nil, isFetching else { return false }
        return try await resume()
    }

    /// After a start: takes up the commit that was in force before, when the newest cannot be used.
    private func resume() async throws(EngineHalt) -> Bool {
        guard let head = await books.state.head?.commit.id, head != accepted?.id else {
            return false
        }
        return try await consider(head)
    }

    func consider(_ head: CommitID) async throws(EngineHalt) -> Bool {
        do {
            let state = await books.state
            let record = try await parts.source.record(of: head)
            let verified = try await verify(record, state: state)
            let (decoded, next) = try await decode(head, known: state.head?.commit.id)
            guard let fleet = decoded.fleet else {
                try await refuse(record, decoded.diagnostics.map(\.description))
                return false
            }
            if let known = try await otherName(than: fleet.name) {
                let reason = "it is the fleet \(fleet.name), and this ledger is that of \(known)"
                try await refuse(head, reason, [])
                return false
            }
            decoder = next
            try await accept(verified, fleet: fleet, decoded: decoded, state: state)
            return true
        } catch let error as SourceError {
            if error.isOfCommit {
                try await refuse(head, error.phrase, [])
                return false
            }
            fault = "git: \(error.phrase)"
            parts.logger.error("commit unreadable", metadata: ["reason": "\(error.phrase)"])
            return try await considerAnew(head, after: error)
        } catch let error as TrustError {
            try await refuse(head, error)
            return false
        } catch let error as EngineHalt {
            throw error
        } catch {
            fault = "git: \(SourceError.phrase(of: error))"
            return false
        }
    }

    private func verify(_ record: CommitRecord, state: LedgerState) async throws -> VerifiedCommit {
        let root = state.trustRoot ?? parts.settings.trustRoot ?? record.id
        // A root that a person named and that is not in the repository is no damage of the mirror; nor is one
        // that a mirror which was fetched anew does not have: history was rewritten away from it.
        let fromRoot =
            state.trustRoot == nil || clones > 0
            ? try await descends(record.id, from: root)
            : try await parts.source.descends(record.id, from: root)
        var fromHead = true
        if let head = state.head?.commit.id, head != record.id {
            fromHead = try await descends(record.id, from: head)
        }
        var fromKept = fromHead
        if let kept = state.rewrite?.kept.commit.id {
            fromKept = try await descends(record.id, from: kept)
        }
        let ancestry = Ancestry(
            root: root, descendsFromRoot: fromRoot, descendsFromHead: fromHead,
            descendsFromKept: fromKept)
        let verified = try Verification.verify(record, ancestry: ancestry)
        if state.trustRoot == nil { try await pin(root) }
        return verified
    }

    /// A head that the mirror no longer holds was rewritten away.
    func descends(
        _ commit: CommitID, from head: CommitID
    ) async throws(SourceError) -> Bool {
        do { return try await parts.source.descends(commit, from: head) } catch {
            if case .objectMissing = error { return false }
            throw error
        }
    }

    private func pin(_ root: CommitID) async throws(EngineHalt) {
        let entry = AuditDraft(
            kind: .trust, time: parts.clock.now().wall, actor: parts.settings.actor, commit: root,
            outcome: "pinned", detail: ["root": root.description])
        try await books.commit(
            LedgerTransaction(writes: [.trustRoot(root)], entries: [entry]))
        parts.logger.notice("trust root pinned", metadata: ["commit": "\(root)"])
    }

    /// Gives the ledger the fleet's name; answers the name that it has when that is another one.
    ///
    /// A commit that renames the fleet would orphan all that runs, so it is refused like a bad one.
    func otherName(than fleet: FleetName) async throws(EngineHalt) -> FleetName? {
        do { try await parts.ledger.name(origin: fleet) } catch {
            if case .otherFleet(let known) = error { return known }
            throw .ledger(error)
        }
        return nil
    }

    private func accept(
        _ verified: VerifiedCommit, fleet: Fleet, decoded: DecodedFleet, state: LedgerState
    ) async throws(EngineHalt) {
        let now = parts.clock.now()
        let record = verified.record
        if refused?.commit == record.id { refused = nil }
        authors[record.id] = record.authorEmail
        if record.id == fetched?.commit { await noteReadable() }
        let isNew = state.head?.commit.id != record.id
        let limits = isNew ? state.head?.limits : state.head?.limitsInForce
        let inForce = limits ?? fleet.limits
        let before = accepted
        let diagnostics = decoded.diagnostics.map(\.description)
        let touched = decoded.isNarrow ? TouchedLanes.some(decoded.touched) : .all
        let next = inForceFleet(
            verified, fleet, diagnostics: diagnostics, limits: inForce, touched: touched,
            state: state)
        // Nobody acts on a commit before its acceptance is durable.
        defer { accepted = next }
        let rewrite = try await keep(before, for: verified, state: state)
        await handOver(decoded.simulation)
        guard isNew else { return }
        var detail = [
            "author": "\(record.authorName) <\(record.authorEmail)>",
            "subject": record.subject,
            "parents": record.parents.map(\.description).joined(separator: " "),
            "lanesTouched": String(work.lanes),
        ]
        if verified.rewritesHistory { detail["history"] = "rewritten" }
        if let first = diagnostics.first {
            detail["parked"] = "\(diagnostics.count) diagnostics; first: \(first)"
        }
        var outcome = "accepted"
        if case .rewrite(let record?)? = rewrite {
            detail["dropped"] = record.kept.commit.id.description
            outcome += " for \(verified.tiers.sorted().map(\.rawValue).joined(separator: ", "))"
        }
        let entry = AuditDraft(
            kind: .commitAccepted, time: now.wall,
            actor: Actor(id: record.authorEmail, kind: .git), commit: record.id,
            outcome: outcome, detail: detail)
        let head = HeadRecord(
            commit: record, accepted: now.wall, limits: fleet.limits, limitsInForce: inForce,
            diagnostics: diagnostics)
        let writes = [.head(head), rewrite].compactMap(\.self)
        try await books.commit(
            LedgerTransaction(
                writes: writes + (await books.clockMark(at: now)), entries: [entry]))
        parts.logger.notice(
            "commit accepted",
            metadata: ["commit": "\(record.id)", "lanes": "\(decoded.touched.count)"])
    }

    /// A fleet with the next number of this process.
    func inForceFleet(
        _ verified: VerifiedCommit, _ fleet: Fleet, diagnostics: [String], limits: Limits,
        touched: TouchedLanes, state: LedgerState
    ) -> AcceptedFleet {
        revision += 1
        let slices = fleet.slices(also: state.lanes.environments)
        let described = slices.keys.compactMap { name in
            fleet.environments[name] ?? accepted?.described[name]
                ?? state.claims[name]?.lastDescribed
        }
        return AcceptedFleet(
            commit: verified, fleet: fleet, slices: slices,
            described: Dictionary(uniqueKeysWithValues: described.map { ($0.name, $0) }),
            limitsInForce: limits, diagnostics: diagnostics, touched: touched,
            follows: accepted?.revision ?? 0, revision: revision)
    }

    private func handOver(_ simulation: SimulationSpec?) async {
        guard let simulation, let sink = parts.behaviours else { return }
        do { try await sink.adopt(simulation) } catch {
            fault = "simulation.yaml was not taken over: \(error.phrase)"
        }
    }

    private func refuse(_ head: CommitID, _ error: TrustError) async throws(EngineHalt) {
        switch error {
        case .notFromRoot(_, let root):
            let isPinned = await books.state.trustRoot != nil
            let move =
                isPinned
                ? "push a head that does, or make it the new root with "
                    + "`airlock reconcile --accept-rewrite \(head)`"
                : "name another one with --trust-root, or push a head that does"
            try await refuse(head, "it does not descend from the trust root \(root); \(move)", [])
        }
    }

    private func refuse(
        _ record: CommitRecord, _ diagnostics: [String]
    ) async throws(EngineHalt) {
        try await refuse(record.id, diagnostics.first ?? "fleet.yaml cannot be read", diagnostics)
    }

    /// The last good fleet stays in force; the refusal is recorded once.
    func refuse(
        _ head: CommitID, _ reason: String, _ all: [String]
    ) async throws(EngineHalt) {
        let why = "commit \(head.short) is refused: \(reason)"
        refused = (head, why)
        // Of the newest commit it is told for as long as it stands.
        if head != fetched?.commit { fault = why }
        let outcome = "refused: \(reason)"
        guard try await !isRecorded(head, outcome) else { return }
        let entry = AuditDraft(
            kind: .commitRefused, time: parts.clock.now().wall, commit: head,
            outcome: outcome,
            detail: all.count > 1 ? ["diagnostics": all.joined(separator: "\n")] : [:])
        try await books.commit(LedgerTransaction(entries: [entry]))
        parts.logger.error(
            "commit refused", metadata: ["commit": "\(head)", "reason": "\(reason)"])
    }

    /// Whether an earlier process refused the commit for the same reason.
    private func isRecorded(_ head: CommitID, _ outcome: String) async throws(EngineHalt) -> Bool {
        do {
            return try await parts.ledger.entries(AuditFilter(commit: head)).contains { entry in
                entry.draft.kind == .commitRefused && entry.draft.outcome == outcome
            }
        } catch { throw .ledger(error) }
    }
}
