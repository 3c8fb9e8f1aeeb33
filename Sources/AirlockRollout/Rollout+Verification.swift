import AirlockModel

/// Running a test job and looking how it came out.
extension Rollout {
    /// How much longer than its time a job may seem to run before it is given up: whoever runs it ends it
    /// first.
    static let graceOfJobs = Duration.seconds(30)

    /// The job is told to run once; that it is there is seen, never remembered.
    ///
    /// Only time in which somebody looked counts, so that a job which ended while no process ran has its
    /// own word.
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
        let found = lane.job(job.id)
        switch found?.phase {
        case .passed: return step(.end(.verified(.passed)))
        case .failed: return step(.end(.verified(.failed)))
        case .timedOut: return step(.end(.verified(.timedOut)))
        case .running, nil: break
        }
        if let seen = state.seen { state.stalled += now.elapsed(since: seen) }
        state.seen = now
        let hasBegun = found != nil || state.step > 0
        if hasBegun, state.best == 0 { (state.best, state.stalled) = (1, .zero) }
        if state.stalled >= job.timeout + graceOfJobs {
            return step(.end(.verified(.timedOut)))
        }
        if hasBegun {
            let what = found == nil ? "the job is not seen" : "the job is running"
            return step(.wait(what, lookAgain: Goal.lookAgain))
        }
        return step(.act(.run(job)))
    }
}
