import AirlockModel

/// Jobs that run to their end beside what serves.
extension LaneState {
    /// One job and how it will end.
    struct JobState: Sendable {
        let job: Job
        let started: Timestamp
        let behaviour: VerifyBehaviour

        /// When it ends, by itself or because its time is over.
        var end: Timestamp {
            behaviour.outcome == .never
                ? started + job.timeout : started + min(behaviour.takes, job.timeout)
        }

        /// The job as a provider reports it at `time`.
        func observation(at time: Timestamp) -> JobObservation {
            JobObservation(id: job.id, slot: job.slot, phase: phase(at: time))
        }

        private func phase(at time: Timestamp) -> JobObservation.Phase {
            guard end <= time else { return .running }
            return switch behaviour.outcome {
            case .never: .timedOut
            case .passed: behaviour.takes <= job.timeout ? .passed : .timedOut
            case .failed: behaviour.takes <= job.timeout ? .failed : .timedOut
            }
        }
    }

    /// How many jobs of a lane are remembered; the oldest goes first.
    private static let maximumJobs = 16

    /// What starting a job would come to.
    func effect(ofRun job: Job) -> Delivery.Effect {
        guard slots[job.slot] != nil else { return .refused("there is no slot \(job.slot.short)") }
        guard !job.command.isEmpty, job.timeout > .zero else {
            return .refused("a job has a program and a time")
        }
        return jobs.contains { $0.job.id == job.id } ? .noEffect : .applied
    }

    /// Starts a job; how it ends is what is said of the slot's artifact now.
    mutating func run(_ job: Job, at time: Timestamp, spec: SimulationSpec) {
        let artifact = slots[job.slot]?.spec.artifact.digest
        let behaviour = artifact.flatMap { spec.artifacts[$0]?.verify } ?? VerifyBehaviour()
        jobs = (jobs + [JobState(job: job, started: time, behaviour: behaviour)])
            .suffix(Self.maximumJobs)
    }

    /// The jobs as a provider reports them, and when that changes by itself.
    ///
    /// - Parameter isCutOff: Whether nothing can be known of those that run.
    func observedJobs(
        at time: Timestamp, isCutOff: Bool
    ) -> (jobs: [JobObservation], until: Timestamp?) {
        let seen = jobs.map { state in
            isCutOff
                ? JobObservation(id: state.job.id, slot: state.job.slot, phase: .unknown)
                : state.observation(at: time)
        }
        let until = isCutOff ? nil : jobs.map(\.end).filter { $0 > time }.min()
        return (seen, until)
    }
}
