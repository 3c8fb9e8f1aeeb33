import AirlockManifest
import AirlockModel
import AirlockPlan
import AirlockPorts
import AirlockTrust
import Logging

/// What environments whose tier keeps history follow.
enum KeptFleet: Sendable {
    /// The newest accepted commit, like all the others.
    case newest
    /// The commit before history was rewritten; nil when the mirror lost it, so that nobody knows what
    /// they should be and they stay as they are.
    case older(AcceptedFleet?, why: String)
}

/// What becomes of a person's word that a rewritten history is meant.
enum RewriteAnswer: Sendable {
    case followed
    /// It was accepted before; nothing changed.
    case followedAlready
    /// Why it is not followed.
    case refused(String)
}

/// Rewritten history: development and testing follow it, staging and production wait for a person.
extension SourceKeeper {
    /// The fleet that an environment follows; nil while it has to stay as it is.
    func fleet(for name: EnvironmentName) -> AcceptedFleet? {
        guard let newest = accepted else { return nil }
        switch kept {
        case .newest: return newest
        case .older(nil, _): return nil
        case .older(let older?, _):
            let stays = older.fleet.keepsHistory(of: name, rewrittenTo: newest.fleet)
            return stays ? older : newest
        }
    }

    /// Environments that either fleet in force names.
    var environments: Set<EnvironmentName> {
        var names = Set(accepted.map { Array($0.slices.keys) } ?? [])
        if case .older(let older?, _) = kept { names.formUnion(older.slices.keys) }
        return names
    }

    /// Notes what staging and production stay on when `verified` is not for them.
    ///
    /// - Parameter before: What was in force until now.
    /// - Returns: What is to be written; nil when nothing turned.
    func keep(
        _ before: AcceptedFleet?, for verified: VerifiedCommit, state: LedgerState
    ) async throws(EngineHalt) -> JournalWrite? {
        guard verified.tiers != Set(Tier.allCases),
            let record = state.rewrite?.kept ?? state.head
        else {
            kept = .newest
            return state.rewrite == nil ? nil : .rewrite(nil)
        }
        let older: AcceptedFleet?
        if case .older(let known?, _) = kept {
            older = known
        } else if let before, before.id == record.commit.id {
            older = before
        } else {
            older = await read(record, state: state)
        }
        let why = Self.why(verified.record.id, keeps: record.commit.id, isReadable: older != nil)
        kept = .older(older, why: why)
        parts.logger.error("history was rewritten", metadata: ["reason": "\(why)"])
        let since = state.rewrite?.since ?? parts.clock.now().wall
        return .rewrite(RewriteRecord(commit: verified.record.id, kept: record, since: since))
    }

    private static func why(
        _ commit: CommitID, keeps kept: CommitID, isReadable: Bool
    ) -> String {
        let lost = isReadable ? "" : ", which the mirror does not hold any more"
        return "history was rewritten: \(commit.short) does not descend from \(kept.short)\(lost), "
            + "on which staging and production stay; compare the two, then push a head that descends "
            + "from it, or run `airlock reconcile --accept-rewrite \(commit)`"
    }

    /// Decodes the commit that is kept, after a start.
    private func read(_ head: HeadRecord, state: LedgerState) async -> AcceptedFleet? {
        do {
            // It was in force, and descended from the root of that time.
            let ancestry = Ancestry(
                root: state.trustRoot ?? head.commit.id, descendsFromRoot: true,
                descendsFromHead: true, descendsFromKept: true)
            let verified = try Verification.verify(head.commit, ancestry: ancestry)
            var decoder = FleetDecoder()
            let delta = try await parts.source.delta(from: nil, to: head.commit.id)
            let decoded = try await FleetDecoding.apply(
                delta, to: &decoder, from: parts.source, commit: head.commit.id)
            return decoded.fleet.map {
                inForceFleet(
                    verified, $0, diagnostics: decoded.diagnostics.map(\.description),
                    limits: head.limitsInForce, touched: .all, state: state)
            }
        } catch {
            parts.logger.error(
                "the kept commit cannot be read",
                metadata: [
                    "commit": "\(head.commit.id)", "reason": "\(SourceError.phrase(of: error))",
                ])
            return nil
        }
    }

    /// Takes the rewritten head for every tier; one that dropped the trust root becomes the new one.
    func acceptRewrite(
        _ commit: CommitID, by actor: Actor
    ) async throws(EngineHalt) -> RewriteAnswer {
        await turns.enter()
        defer { turns.leave() }
        // What waits may be gone again: nobody follows what the branch is not at.
        await fetchHead()
        await beginReading()
        defer { readings.leave() }
        if let fault { return .refused("nobody knows what the branch is at now: \(fault)") }
        if let head = fetched?.commit, head != commit {
            return .refused("the branch is at \(head) now, not at \(commit)")
        }
        // Who says it again, perhaps because the answer was lost, is told the same.
        if await books.state.rewrite == nil, await books.state.head?.commit.id == commit {
            if !isFollowed(commit) { _ = try await takeUp(commit) }
            return isFollowed(commit) ? .followedAlready : .refused(whyNot(commit))
        }
        if await books.state.rewrite?.commit != commit {
            switch await droppedRoot(of: fetched?.commit) {
            case .failure(let error): return .refused("git: \(error.phrase)")
            case .success(let head?):
                guard head == commit else {
                    return .refused("the rewritten head that waits is \(head), not \(commit)")
                }
                if let problem = try await moveRoot(to: commit, by: actor) {
                    return .refused(problem)
                }
                if await books.state.rewrite == nil { return .followed }
            case .success(nil):
                // It may be newer than what waits, or than the last look: only a head that was taken up waits.
                if fetched?.commit == commit {
                    _ = try await takeUp(commit)
                    if await books.state.rewrite == nil {
                        return isFollowed(commit) ? .followedAlready : .refused(whyNot(commit))
                    }
                }
            }
        }
        guard let rewrite = await books.state.rewrite else {
            return .refused("no rewritten history waits for anybody")
        }
        guard rewrite.commit == commit else {
            return .refused("the rewritten head that waits is \(rewrite.commit), not \(commit)")
        }
        let entry = AuditDraft(
            kind: .trust, time: parts.clock.now().wall, actor: actor, commit: commit,
            outcome: "rewrite accepted",
            detail: ["dropped": rewrite.kept.commit.id.description])
        try await books.commit(LedgerTransaction(writes: [.rewrite(nil)], entries: [entry]))
        fault = nil
        _ = try await consider(commit)
        return isFollowed(commit) ? .followed : .refused(whyNot(commit))
    }

    /// Whether every tier follows a commit.
    private func isFollowed(_ commit: CommitID) -> Bool {
        guard case .newest = kept else { return false }
        return accepted?.id == commit
    }

    private func whyNot(_ commit: CommitID) -> String {
        faults.first ?? "\(commit.short) is not followed"
    }

    /// The head, where it is refused because it does not descend from the pinned root; nil where it is not.
    func droppedRoot(of head: CommitID?) async -> Result<CommitID?, SourceError> {
        guard let head, let root = await books.state.trustRoot else { return .success(nil) }
        do { return .success(try await descends(head, from: root) ? nil : head) } catch {
            return .failure(error)
        }
    }

    /// Makes a head that was refused for its root the new root, and follows it. One that cannot be followed
    /// for what it holds moves nothing: the old root would refuse what is in force.
    ///
    /// - Returns: Why it is not followed; nil when it is.
    private func moveRoot(
        to commit: CommitID, by actor: Actor
    ) async throws(EngineHalt) -> String? {
        if let problem = try await unfit(commit) { return problem }
        let entry = AuditDraft(
            kind: .trust, time: parts.clock.now().wall, actor: actor, commit: commit,
            outcome: "moved",
            detail: [
                "root": commit.description,
                "dropped": await books.state.trustRoot?.description ?? "",
            ])
        try await books.commit(
            LedgerTransaction(writes: [.trustRoot(commit)], entries: [entry]))
        parts.logger.notice("trust root moved", metadata: ["commit": "\(commit)"])
        (fault, refused) = (nil, nil)
        _ = try await consider(commit)
        return accepted?.id == commit ? nil : whyNot(commit)
    }

    /// Why a commit could not be in force, whatever it descends from; nil when it could.
    private func unfit(_ commit: CommitID) async throws(EngineHalt) -> String? {
        do {
            let (decoded, _) = try await decode(commit, known: nil)
            guard let fleet = decoded.fleet else {
                return decoded.diagnostics.first.map { "\($0)" } ?? "fleet.yaml cannot be read"
            }
            return try await otherName(than: fleet.name).map {
                "it is the fleet \(fleet.name), and this ledger is that of \($0)"
            }
        } catch let error as EngineHalt {
            throw error
        } catch { return "\(commit.short) cannot be read: \(SourceError.phrase(of: error))" }
    }
}
