package import AirlockModel
package import AirlockPorts
import CLibgit2

extension GitSource {
    /// Fetches the head of the deployed branch for a plan.
    ///
    /// For another process that writes the mirror it waits as long as plans do, and not for most of
    /// `limit` as ``fetch(limit:)``; the next ``proposal(branch:limit:)`` waits for no more than is left.
    package func headForPlan(limit: Duration) async throws(SourceError) -> FetchedHead {
        try await fetchForPlan(branch, as: .head, until: ContinuousClock.now + limit)
    }

    /// What the branch would be after merging `branch`, made in memory.
    ///
    /// When the remote does not answer in time, or another process writes the mirror for longer than
    /// the limit for plans, the last fetch of that branch is used and the result says why.
    /// - Throws: ``SourceError/branchMissing(_:)`` when the remote says so; what stopped the fetch
    ///   when there was none before.
    package func proposal(
        branch: BranchName, limit: Duration
    ) async throws(SourceError) -> ProposedMerge {
        defer { planPatience = limits.planLockWait }
        let end = ContinuousClock.now + limit
        let onto = try await base(until: end)
        let (head, staleBecause) = try await planned(branch, until: end)
        let merge = try merge(head.commit, onto: onto.commit)
        return ProposedMerge(
            branch: branch, head: head.commit, onto: onto.commit, delta: merge.delta,
            conflicts: merge.conflicts, mergedBlobs: merge.blobs, fetched: head.fetched,
            staleBecause: staleBecause)
    }

    /// The last fetched head of the deployed branch; fetched now when there is none.
    private func base(
        until end: ContinuousClock.Instant
    ) async throws(SourceError) -> FetchedHead {
        if let last = try recorded(.head, branch) { return last }
        return try await fetchForPlan(branch, as: .head, until: end)
    }

    /// The head of the branch to plan, and why it may be old.
    private func planned(
        _ branch: BranchName, until end: ContinuousClock.Instant
    ) async throws(SourceError) -> (FetchedHead, staleBecause: String?) {
        let reason: String
        let failure: SourceError
        do throws(SourceError) {
            return (try await fetchForPlan(branch, as: .plan, until: end), nil)
        } catch {
            failure = error
            switch error {
            case .timedOut(let limit):
                reason = "the remote did not answer within \(limit.milliseconds / 1000) s"
            case .unreachable(let text): reason = text
            case .busy: reason = "another process is writing the mirror"
            case .branchMissing, .objectMissing, .tooLarge, .unacceptable, .unsupportedRemote,
                .rejected, .corrupt, .failed:
                throw error
            }
        }
        guard let last = try recorded(.plan, branch) else { throw failure }
        return (last, reason)
    }

    private func fetchForPlan(
        _ branch: BranchName, as purpose: FetchPurpose, until end: ContinuousClock.Instant
    ) async throws(SourceError) -> FetchedHead {
        let begin = ContinuousClock.now
        let left = max(.zero, end - begin)
        let patience = min(planPatience, left * 3 / 4)
        do throws(SourceError) {
            let found = try await fetch(branch, for: purpose, lockPatience: patience, limit: left)
            planPatience = max(.zero, planPatience - found.waited)
            return found.head
        } catch {
            // What of it was waiting is not known: no more than it took.
            planPatience = max(.zero, planPatience - min(patience, ContinuousClock.now - begin))
            throw error
        }
    }

    private func merge(
        _ head: CommitID, onto base: CommitID
    ) throws(SourceError) -> MergeInMemory.Result {
        var merge = MergeInMemory(limits: limits)
        defer { note(trees: merge.treesRead) }
        return try reading { repository throws(SourceError) in
            try merge.result(of: head, onto: base, in: repository)
        }
    }
}
