import AirlockModel

/// Lets a build go further along the order only after its test job passed in the testing tier.
///
/// A build that serves in the lane already has gone as far, and a rollout that is under way has passed
/// here when it began.
enum VerificationGate {
    static func verdict(
        on situation: Situation, slice: FleetSlice, facts: Facts, now: Moment
    ) -> GateVerdict {
        guard let change = situation.change, case .slot(let slot, _, _) = change.target else {
            return pass("nothing new comes")
        }
        guard let desired = situation.desired, let job = desired.verify else {
            return pass("the service has no verify job")
        }
        if situation.isUnderWay { return pass("it is under way") }
        if change.base?.slot.build == slot.build { return pass("its build serves here already") }
        let tier = slice.testing
        let unit = change.lane.unit
        let places = tier.places(of: unit, parked: slice.parked, ledger: facts.ledger)
        let question = Question(
            build: slot.build, artifact: slot.artifact, job: job, tier: tier,
            parked: slice.parked, facts: facts, now: now.wall)
        // Another tier takes nothing back of what was found.
        let retired = tier.retired(unit, in: facts.ledger)
        if let failure = retired.lazy.compactMap({ question.failure(in: $0) }).first {
            return failure
        }
        guard !places.isEmpty else {
            if tier.isTesting { return pass("it is tested here first") }
            guard let first = tier.environments.first else {
                return pass("no environment of the tier testing comes before it")
            }
            return verdict(
                .refuse,
                "\(unit.name) has a verify job and is in no environment of the tier testing",
                .commit("add services/\(unit.name)/\(first).yaml"))
        }
        if let obstacle = places.lazy.compactMap({ question.obstacle(in: $0) }).first {
            return obstacle
        }
        let names = places.map(\.description).joined(separator: ", ")
        return pass("build \(slot.build.short) passed in \(names)")
    }

    private static func pass(_ reason: String) -> GateVerdict { verdict(.pass, reason, .nobody) }

    fileprivate static func verdict(
        _ answer: GateVerdict.Answer, _ reason: String, _ move: NextMove, until: Timestamp? = nil
    ) -> GateVerdict {
        GateVerdict(gate: .verification, answer: answer, reason: reason, move: move, until: until)
    }

    /// What is said where a file that cannot be read hides whether and how the unit is tested.
    fileprivate static func unreadable(_ place: LaneID, _ build: BuildID) -> GateVerdict {
        let file = "environments/\(place.environment).yaml"
        return verdict(
            .wait, "build \(build.short) has no result in \(place), and \(file) cannot be read",
            .commit("mend \(file)"))
    }

    /// What is said of a lane whose provider cannot run its job.
    static func incapable(_ lane: LaneID) -> GateVerdict {
        verdict(
            .refuse,
            "\(lane.unit.name) has a verify job, and the provider of \(lane.environment) cannot run jobs",
            .commit(
                "choose another provider in environments/\(lane.environment).yaml, or take verify out "
                    + "of services/\(lane.unit.name)/service.yaml"))
    }
}

/// Whether one build passed, asked of one place after the other.
private struct Question {
    let build: BuildID
    let artifact: ArtifactReference
    let job: VerifyJob
    let tier: TestingTier
    let parked: Parked
    let facts: Facts
    let now: Timestamp

    /// Why the build may not go on for the sake of one place; nil when it may.
    func obstacle(in place: LaneID) -> GateVerdict? {
        isTested(in: place) ? failure(in: place) : untested(in: place)
    }

    private func isTested(in place: LaneID) -> Bool {
        facts.ledger.verifications[place]?.result(of: build, for: job) != nil
    }

    /// What is said of a job that did not pass in a place; nil where it passed, or has no result.
    func failure(in place: LaneID) -> GateVerdict? {
        guard let result = facts.ledger.verifications[place]?.result(of: build, for: job) else {
            return nil
        }
        // A job runs for what is there, or comes there, and for no other build.
        let there = tier.desired(place)?.build ?? facts.ledger.lanes[place]?.settled?.slot.build
        let isThere = there == build
        let again = isThere ? NextMove.run("airlock rollout retry \(place)") : bring(to: place)
        let operation = "operation \(result.operation)"
        switch result.outcome {
        case .passed: return nil
        case .failed:
            return VerificationGate.verdict(
                .refuse, "build \(build.short) failed its verify job in \(place) (\(operation))",
                again)
        case .timedOut:
            return VerificationGate.verdict(
                .refuse,
                "the verify job of build \(build.short) did not end within \(job.timeout.phrase) in "
                    + "\(place) (\(operation))", again)
        }
    }

    private func bring(to place: LaneID) -> NextMove {
        .commit("give services/\(place.unit.name)/\(place.environment).yaml the artifact first")
    }

    private func untested(in place: LaneID) -> GateVerdict {
        if tier.isUnreadable(place.environment) {
            return VerificationGate.unreadable(place, build)
        }
        let ledger = facts.ledger
        if let operation = ledger.operation(of: place), let running = operation.verification,
            running.build == build, running.job == job
        {
            return underWay(operation, in: place)
        }
        if let first = parked.diagnostics(of: place).first {
            return VerificationGate.verdict(
                .wait,
                "build \(build.short) was not tested in \(place), which is left as it is: "
                    + first.problem, .commit("mend \(first.path)"))
        }
        if ledger.lanes[place]?.settled?.slot.build == build { return settled(in: place) }
        let bad = ledger.quarantines[place]?.first { $0.artifact.digest == artifact.digest }
        if let bad {
            return VerificationGate.verdict(
                .refuse, "build \(build.short) was rolled back in \(place): \(bad.reason)",
                .run("airlock rollout retry \(place)"))
        }
        guard tier.desired(place)?.build == build else {
            return VerificationGate.verdict(
                .refuse,
                "build \(build.short) has no result in \(place), and git asks for another one there",
                bring(to: place))
        }
        return waiting("build \(build.short) was not deployed to \(place) yet", place)
    }

    /// What is said of a place whose job is open; one that its provider never took does not run.
    private func underWay(_ operation: OperationRecord, in place: LaneID) -> GateVerdict {
        let name = "the verify job of build \(build.short)"
        let number = "(operation \(operation.number))"
        let hasBegun = operation.rollout.best > 0 || operation.rollout.step > 0
        if !hasBegun, !canRunJobs(in: place) { return VerificationGate.incapable(place) }
        if !hasBegun, let refusal = operation.rollout.refusal {
            return VerificationGate.verdict(
                .wait,
                "\(name) does not begin in \(place) \(number), because of its provider: \(refusal)",
                .run("airlock explain \(place)"))
        }
        let end = operation.opened + job.timeout
        return VerificationGate.verdict(
            .wait, "\(name) is running in \(place) \(number)", .wait,
            until: end > now ? end : nil)
    }

    private func canRunJobs(in place: LaneID) -> Bool {
        facts.capabilities[place.environment]?.contains(.run) == true
    }

    /// What is said of a place that settled on the build and has no result of it.
    private func settled(in place: LaneID) -> GateVerdict {
        guard canRunJobs(in: place) else { return VerificationGate.incapable(place) }
        if tier.desired(place)?.release.replicas.maximum == 0 {
            return VerificationGate.verdict(
                .refuse, "\(place) runs no instance",
                .commit(
                    "give it an instance in services/\(place.unit.name)/\(place.environment).yaml"))
        }
        // Where nothing is under way, its instances may not be healthy, which the place itself tells.
        let isMoving = facts.ledger.operation(of: place) != nil
        return waiting(
            "the verify job of build \(build.short) has not run in \(place) yet", place,
            isMoving ? .wait : .run("airlock explain \(place)"))
    }

    /// What goes on by itself unless the place is held.
    private func waiting(
        _ reason: String, _ place: LaneID, _ move: NextMove = .wait
    ) -> GateVerdict {
        guard let held = facts.ledger.lanes[place]?.holdReason else {
            return VerificationGate.verdict(.wait, reason, move)
        }
        return VerificationGate.verdict(
            .wait, "\(reason), which is held: \(held)", .run("airlock explain \(place)"))
    }
}
