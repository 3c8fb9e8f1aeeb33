extension Release {
    /// What is allowed and hardly meant: each a sentence without a full stop, with what to write.
    package var notices: [String] {
        guard case .blueGreen(let plan) = strategy else { return [] }
        var notices: [String] = []
        if plan.limits.isEmpty, (watch?.time ?? .zero) == .zero {
            notices.append(
                "nothing judges a blue-green release after its switch; add a bound, such as "
                    + "rollback: {errorRate: {above: 5%, for: 30s}}, or watch: 30m")
        }
        if case .upTo(let share) = rollout, share < 1000 {
            notices.append(
                "blue-green switches all of the traffic at once, so rollout: \(rollout.text) never "
                    + "lets it switch; write rollout: hold, or a canary")
        }
        return notices
    }
}

extension Fleet {
    /// What the whole of it says that is hardly meant: that it is empty, and what its releases say.
    package var notices: [String] {
        guard lanes.isEmpty, parked.all.isEmpty else { return notices(of: lanes.keys) }
        return [
            serviceFileCount == 0
                ? "there is no service below services/, so this fleet runs nothing; add "
                    + "services/NAME/service.yaml, or bring the folder back: what runs is held until then"
                : "no service has a release, so this fleet runs nothing; add "
                    + "services/NAME/ENVIRONMENT.yaml"
        ]
    }

    /// What its releases say that is hardly meant, each with its file, in the order of the lanes.
    ///
    /// - Parameter lanes: Those that are asked about; one that the fleet does not have is left out.
    package func notices(of lanes: some Sequence<LaneID>) -> [String] {
        let known = lanes.sorted().compactMap { self.lanes[$0] }
        // The first lane of each group of an environment; the others are held to it.
        var first: [[String]: DesiredLane] = [:]
        return known.flatMap { lane -> [String] in
            var notices = lane.release.notices
            if let group = lane.group {
                let place = [lane.lane.environment.description, group.description]
                let model = first[place, default: lane]
                first[place] = model
                if lane.release.rollout != model.release.rollout {
                    notices.append(
                        "group \(group) moves together, and \(model.lane) says rollout: "
                            + "\(model.release.rollout.text) where this one says "
                            + "\(lane.release.rollout.text); a bound holds its own lane alone, so give "
                            + "them the same")
                }
                if !lane.release.strategy.moves(like: model.release.strategy) {
                    notices.append(
                        "group \(group) moves together, and \(model.lane) has another strategy or "
                            + "other steps, so neither begins while both change; give them the same"
                    )
                }
            }
            let file = "services/\(lane.lane.unit.name)/\(lane.lane.environment).yaml"
            return notices.map { "\(file): \($0)" }
        }
    }
}

extension Strategy {
    /// Whether two lanes may move together by them.
    fileprivate func moves(like other: Strategy) -> Bool {
        word == other.word && steps == other.steps
    }
}
