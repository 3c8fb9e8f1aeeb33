import AirlockModel

/// Running a test job and looking how it came out.
extension Rollout {
    /// How much longer than its time a job may seem to run before it is given up, whoever runs it ends it
    /// first; and how long one that was seen may be out of sight.
    static let graceOfJobs = Duration.seconds(30)

    /// The job is told to run once; that it is there is seen, never remembered.
    ///
    /// Only time in which it was seen running is its time. One that its provider forgot, because nobody
    /// looked for long, expires: what it came to is not known, and another run says it.
    static func verify(
        _ verification: Verification, of operation: OperationRecord, in lane: LaneObservation,
        now: Moment
    ) -> RolloutStep {
        var state = operation.rollout
        func step(_ next: RolloutStep.Next) -> RolloutStep { RolloutStep(state: state, next: next) }
        guard let ledger = verification.ledger else {
            return step(.end(.expired))
        }
        let job = Job(
            id: JobID(ledger: ledger, operation: operation.number), slot: verification.slot,
            command: verification.job.run, timeout: verification.job.timeout)
        // That it was seen at all is kept in `best`.
        let wasSeen = state.best > 0
        switch lane.job(job.id)?.phase {
        case .passed: return step(.end(.verified(.passed)))
        case .failed: return step(.end(.verified(.failed)))
        case .timedOut: return step(.end(.verified(.timedOut)))
        case .running:
            if wasSeen, let seen = state.seen { state.stalled += now.elapsed(since: seen) }
            (state.best, state.seen) = (1, now)
            if state.stalled >= job.timeout + graceOfJobs {
                return step(.end(.verified(.timedOut)))
            }
            return step(.wait("the job is running", lookAgain: Goal.lookAgain))
        case .unknown:
            // A time in which it may have ended is not held against it.
            (state.best, state.seen) = (1, nil)
            return step(.wait("nobody can tell how the job stands", lookAgain: Goal.lookAgain))
        case nil: break
        }
        guard wasSeen || state.step > 0 else {
            // The rests of a lane whose provider refuses are no time of the job.
            state.seen = nil
            return step(.act(.run(job)))
        }
        // `seen` stays where it was out of sight first.
        let patience = wasSeen ? graceOfJobs : job.timeout + graceOfJobs
        if let seen = state.seen, now.elapsed(since: seen) >= patience {
            return step(.end(.expired))
        }
        state.seen = state.seen ?? now
        return step(.wait("the job is not seen", lookAgain: Goal.lookAgain))
    }
}
