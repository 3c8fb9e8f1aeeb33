import AirlockModel
import AirlockPlan
import AirlockRollout

/// What is said about operations under way, and lanes that move together, as the journal knows them.
extension Books {
    /// What was said about an open operation, or that nothing was yet.
    func words(of operation: OperationRecord) -> Steering {
        steering(of: operation.number)
            ?? Steering(operation: operation.number, lane: operation.lane)
    }

    /// What git asks of the changes under way in an environment, and whom it moves them with, where that is
    /// not written down yet. Of a lane whose files cannot be read or ask for another change, what is written
    /// down stays.
    ///
    /// - Parameter slices: What one commit after the other says, the newest last.
    func newWishes(in environment: EnvironmentName, of slices: [FleetSlice]) -> [Steering] {
        state.operations.values.compactMap { operation -> Steering? in
            let lane = operation.lane
            guard let change = operation.change, lane.environment == environment else { return nil }
            let known = words(of: operation)
            var said = known
            // What git says of the next change is not said of this one.
            let newest = slices.last { $0.readable(lane)?.asks(for: change) == true }
            if let desired = newest?.readable(lane) { said.take(desired) }
            let isUnread = slices.last?.isUnread(lane) ?? true
            said.isUnread = isUnread && said.wish != nil ? true : nil
            return said == known ? nil : said
        }.sorted { $0.operation < $1.operation }
    }

    /// How far the rollouts of a group have come.
    func progress(of group: [LaneID]) -> GroupProgress {
        GroupProgress(
            members: group.map { lane in
                GroupProgress.Member(lane: lane, operation: operation(openIn: lane))
            })
    }

    /// A lane behind this one that goes back first; nil when none does, or when it takes too long.
    ///
    /// Callers leave the new slots before their callees do.
    func goesBackBefore(_ lane: LaneID, of group: [LaneID], at time: Timestamp) -> LaneID? {
        guard let place = group.firstIndex(of: lane) else { return nil }
        return group[(place + 1)...].last { behind in
            guard let operation = operation(openIn: behind),
                let word = steering(of: operation.number)?.aborted, word.group != nil
            else { return false }
            return time - word.at < Self.patienceGoingBack
        }
    }

    /// How long the traffic of one lane stays for the sake of those behind it.
    private static let patienceGoingBack = Duration.seconds(10)

    /// Has the rest of a group go back because one of it does. What they bring is not at fault and not
    /// quarantined; it waits with the slot that is.
    ///
    /// Whoever asks has ``steeringTurn`` until the writes are committed: a word that a person says meanwhile
    /// would else take the place of this one, or this one that of the word.
    func groupAbort(
        _ group: [LaneID], with quarantine: Quarantine, at time: Timestamp
    ) -> [JournalWrite] {
        // Whoever ordered one back ordered all of them back.
        let actor = steering(of: quarantine.operation)?.aborted?.actor ?? .airlock
        return group.compactMap { lane in
            guard lane != quarantine.lane, let operation = operation(openIn: lane),
                operation.canGoBack
            else { return nil }
            var said = words(of: operation)
            guard said.aborted == nil else { return nil }
            said.aborted = Steering.Word(
                actor: actor,
                reason: "its group goes back: \(quarantine.lane): "
                    + quarantine.reason, at: time, group: quarantine.lane)
            return .steering(said)
        }
    }

    /// Makes it a person's order that the rest of a group goes back, where it turned by itself: under a stop of
    /// the whole fleet nothing else goes back.
    ///
    /// Whoever asks has ``steeringTurn`` until the writes are committed.
    ///
    /// - Parameter lane: The one that the person named, whose own word is not among the writes.
    func orderBack(groupOf lane: LaneID, by word: Steering.Word) -> [JournalWrite] {
        guard let named = operation(openIn: lane) else { return [] }
        let fault = steering(of: named.number)?.aborted?.group ?? lane
        let others = state.operations.values.filter {
            $0.lane != lane && $0.lane.environment == lane.environment
        }
        return others.sorted { $0.number < $1.number }.compactMap { operation in
            var said = words(of: operation)
            if operation.lane == fault {
                guard case .back = operation.rollout.direction, said.aborted == nil else {
                    return nil
                }
                said.aborted = word
            } else {
                guard let known = said.aborted, known.group == fault, known.actor == .airlock else {
                    return nil
                }
                said.aborted = known.ordered(by: word)
            }
            return .steering(said)
        }
    }
}

extension Steering {
    /// Takes over what git asks of the change, and whom it moves it with.
    mutating func take(_ desired: DesiredLane) {
        let asked = desired.release.rollout
        wish = asked == .proceed ? nil : asked
        group = desired.group
    }
}
