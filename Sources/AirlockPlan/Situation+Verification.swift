import AirlockModel

/// Running the test job of a lane.
extension Situation {
    /// The test job that runs in a lane, or that is to run next; nil when there is none.
    ///
    /// - Parameter desired: What git asks for, where the lane is that and nothing else is to be done.
    static func verification(
        open operation: OperationRecord?, desired: DesiredLane?, settled: Settled?,
        in observed: LaneObservation, slice: FleetSlice, facts: Facts
    ) -> (work: Verification, operation: Int?)? {
        // One that git writes differently by now is another job, and need not wait for the end of this one.
        let open = operation.flatMap { operation in
            operation.verification.map { (work: $0, operation: Int?.some(operation.number)) }
        }
        if let open, desired?.verify == nil || desired?.verify == open.work.job { return open }
        guard let job = desired?.verify, slice.environment?.tier == .testing, let settled,
            let slot = observed.slot(settled.slot.id), slot.replicas > 0,
            slot.healthyCount >= slot.replicas
        else { return open }
        let known = facts.ledger.verifications[observed.lane]?
            .result(of: settled.slot.build, for: job)
        guard known == nil else { return open }
        let work = Verification(
            lane: observed.lane, slot: settled.slot, job: job, ledger: facts.claim?.ledger)
        return (work, nil)
    }

    /// The lane's end where nothing but its test job is to be done; nil when there is none.
    ///
    /// - Parameter freeze: The freeze that binds the lane.
    func verifying(freeze: GateVerdict?) -> Disposition? {
        guard let verification else { return nil }
        if let freeze { return .hold(.gates([freeze])) }
        guard verification.operation != nil || canRunJobs else {
            return .hold(.gates([VerificationGate.incapable(lane)]))
        }
        return .verify(verification.work, operation: verification.operation)
    }
}
