import AirlockModel
import AirlockPorts
import Testing

/// Jobs: what the testing tier asks of a provider that says it can.
extension ProviderContract {
    /// A job runs once beside what serves, ends, and says how; each run has a name of its own.
    package func jobsRunOnce() async throws {
        let stage = try await stage()
        guard can(stage, .run) else { return }
        let id = Self.first.id
        try await stage.order(.start(Self.first, replicas: 1), operation: 1)
        try await stage.settle()
        try await stage.order(.route([id: 1000]), operation: 1)
        let before = try await stage.lane()
        #expect(before.jobs.isEmpty)
        let job = job(2, of: id, in: stage)
        #expect(!Action.run(job).isDone(in: before))
        try await stage.order(.run(job), operation: 2)
        let begun = try await stage.lane()
        #expect(Action.run(job).isDone(in: begun) && begun.job(job.id)?.slot == id)
        // What serves does not feel it, and the same job is not run a second time.
        #expect(begun.slots == before.slots && begun.weights == before.weights)
        try await stage.order(.run(job), operation: 2)
        try await stage.order(.run(job), operation: 3)
        let ended = try await end(of: job, in: stage)
        #expect(ended.jobs == [JobObservation(id: job.id, slot: id, phase: .passed)])
        // Another operation's is another job, and the end of the first one stays.
        let again = self.job(4, of: id, in: stage)
        try await stage.order(.run(again), operation: 4)
        let both = try await end(of: again, in: stage)
        #expect(both.jobs.map(\.phase) == [.passed, .passed])
    }

    /// There is no job without the slot whose artifact it runs.
    package func jobsNeedTheirSlot() async throws {
        let stage = try await stage()
        guard can(stage, .run) else { return }
        try await stage.order(.start(Self.first, replicas: 1), operation: 1)
        try await stage.settle()
        try await stage.expectRefusal(
            of: .run(job(2, of: Self.second.id, in: stage)), operation: 2)
    }

    private func job(_ operation: Int, of slot: SlotID, in stage: ProviderStage) -> Job {
        Job(
            id: JobID(ledger: stage.claim.ledger, operation: operation), slot: slot,
            command: ["/bin/true"], timeout: .seconds(60))
    }

    /// The lane when the job has ended, within its time.
    private func end(of job: Job, in stage: ProviderStage) async throws -> LaneObservation {
        for _ in 0..<60 {
            let lane = try await stage.lane()
            if lane.job(job.id)?.phase.isEnd != false { return lane }
            try await stage.subject.pass(.seconds(1))
        }
        return try await stage.lane()
    }
}
