import AirlockAnalysis
import AirlockModel

/// Turns the strategy of a release and its bounds into a value.
enum StrategyReader {
    static func strategy(of root: Document.Value) throws(Problem) -> Strategy {
        let given = root["strategy"]
        if let given, given.pairs.count > 1 {
            throw Problem(
                given.place, "`strategy` names more than one way",
                "write one of allAtOnce, canary and blueGreen")
        }
        let word = given?.text ?? given?.pairs.first?.key
        switch word {
        case "canary": return .canary(try canary(given?["canary"], limits: root["rollback"]))
        case "blueGreen":
            return .blueGreen(try blueGreen(given?["blueGreen"], limits: root["rollback"]))
        default: break
        }
        if let rollback = root["rollback"] {
            throw Problem(
                rollback.place,
                "`rollback` bounds the new slot beside the old one, and allAtOnce keeps no old one",
                "add strategy: {canary: {}} or {blueGreen: {}}, or remove it")
        }
        let deadline = try given?["allAtOnce"].map { given throws(Problem) in
            try DocumentReader.read(Quantity.duration, "deadline", of: given)
        }
        return deadline.flatMap(\.self).map { .allAtOnce(deadline: $0) } ?? .allAtOnce()
    }

    private static func blueGreen(
        _ given: Document.Value?, limits: Document.Value?
    ) throws(Problem) -> BlueGreenPlan {
        var plan = BlueGreenPlan()
        plan.limits = try BoundReader.bounds(limits)
        if let given {
            plan.keep = try DocumentReader.read(Quantity.duration, "keep", of: given) ?? plan.keep
            plan.deadline =
                try DocumentReader.read(Quantity.duration, "deadline", of: given) ?? plan.deadline
            plan.preview = try given["preview"].map { given throws(Problem) in
                try PreviewReader.preview(given, of: plan)
            }
        }
        try refuseIdle(plan, limits)
        return plan
    }

    /// Refuses a bound that could never act: when its time is over, the old slot is gone.
    private static func refuseIdle(
        _ plan: BlueGreenPlan, _ limits: Document.Value?
    ) throws(Problem) {
        guard let limits,
            let idle = plan.limits.first(where: {
                $0.duration >= plan.keep && plan.preview?.bounds?.includes($0) != true
            })
        else { return }
        let name = idle.signal
        throw Problem(
            limits.place,
            "`\(name)` has to be broken for \(idle.duration.spelled) before it acts, and the old slot goes "
                + "\(plan.keep.spelled) after the switch",
            "write a longer `keep` or a shorter `for`")
    }

    private static func canary(
        _ given: Document.Value?, limits: Document.Value?
    ) throws(Problem) -> CanaryPlan {
        var plan = CanaryPlan()
        plan.limits = try BoundReader.bounds(limits)
        guard let given else { return plan }
        func duration(_ key: String) throws(Problem) -> Duration? {
            try DocumentReader.read(Quantity.duration, key, of: given)
        }
        if let steps = given["steps"] { (plan.steps, plan.rules) = try self.steps(steps) }
        if let limits, plan.steps.count == 1 {
            throw Problem(
                limits.place,
                "`rollback` bounds the new slot beside the old one, and a canary whose only step is 100% has none",
                "add a step below 100%, or write strategy: {blueGreen: {}}, which holds the bounds after its switch"
            )
        }
        plan.hold = try duration("hold") ?? plan.hold
        plan.decideWithin = try duration("decideWithin") ?? plan.decideWithin
        plan.deadline = try duration("deadline") ?? plan.deadline
        let undecided = try DocumentReader.read(
            CanaryPlan.Undecided.init(rawValue:), "onUndecided", of: given)
        plan.onUndecided = undecided
        plan.maxExposed = try DocumentReader.read(DocumentReader.integer, "maxExposed", of: given)
        if plan.maxExposed != nil, plan.steps.count < 3 {
            throw Problem(
                given["maxExposed"]?.place ?? given.place,
                "`maxExposed` lets an undecided step go to the next below 100%, and there is none",
                "add a step, such as [1%, 5%, 25%, 100%], or remove it")
        }
        plan.compare = try given["compare"].map { given throws(Problem) in try compare(given) }
        if let share = try DocumentReader.read(Quantity.share, "falseAlarms", of: given) {
            guard (1...5_000).contains(share.basisPoints) else {
                throw Problem(
                    given["falseAlarms"]?.place ?? given.place,
                    "`falseAlarms` is a chance above zero and of at most 50%", "write 1%")
            }
            plan.falseAlarms = Chance(millionths: Int64(share.basisPoints) * 100)
        }
        return plan
    }

    /// In the order of the signals, so that the same weights are the same strategy.
    private static func compare(_ given: Document.Value) throws(Problem) -> [ComparedSignal] {
        var compared: [ComparedSignal] = []
        for signal in ComparedSignal.Signal.allCases {
            guard let weight = try DocumentReader.read(Int.init, signal.rawValue, of: given) else {
                continue
            }
            compared.append(ComparedSignal(signal, weight: weight))
        }
        return compared
    }

    private static func steps(
        _ given: Document.Value
    ) throws(Problem) -> (shares: [Int], rules: [CanaryPlan.StepRule]?) {
        var steps: [Int] = []
        var rules: [CanaryPlan.StepRule] = []
        for item in given.items {
            let weight = item["weight"] ?? item
            let step = try perMille(weight, "steps")
            guard step > steps.last ?? 0 else {
                throw Problem(
                    item.place, "each step has more traffic than the one before",
                    "write them in order, such as [1%, 5%, 25%, 100%]")
            }
            let rule = try rule(item)
            guard step < 1000 || rule == CanaryPlan.StepRule() else {
                throw Problem(
                    item.place, "the step of 100% is the end, and what it requires holds nothing",
                    "write it at the step before")
            }
            steps.append(step)
            rules.append(rule)
        }
        guard steps.last == 1000 else {
            throw Problem(given.place, "the last step is not 100%", "add 100% at the end")
        }
        return (steps, rules.allSatisfy { $0 == CanaryPlan.StepRule() } ? nil : rules)
    }

    /// A share of the traffic above zero.
    private static func perMille(_ value: Document.Value, _ key: String) throws(Problem) -> Int {
        let share = try DocumentReader.need(value.text.flatMap(Quantity.share), key, value)
        guard share.basisPoints > 0, share.basisPoints % 10 == 0 else {
            throw Problem(
                value.place, "traffic is shared out in steps of 0.1%", "write 0.1%, 1% or 25%")
        }
        return share.basisPoints / 10
    }

    private static func rule(_ item: Document.Value) throws(Problem) -> CanaryPlan.StepRule {
        CanaryPlan.StepRule(
            hold: try DocumentReader.read(Quantity.duration, "hold", of: item),
            isJudged: item["analysis"]?.text != "off",
            needsApproval: item["requires"]?.text == "approval")
    }

    /// The state of the rollout that a release asks for.
    static func rollout(of root: Document.Value) throws(Problem) -> RolloutWish {
        guard let given = root["rollout"] else { return .proceed }
        switch given.text {
        case "hold": return .hold
        case "abort": return .abort
        case "proceed": return .proceed
        default: break
        }
        let strategy = root["strategy"]
        let word = strategy?.text ?? strategy?.pairs.first?.key
        guard word == "canary" || word == "blueGreen" else {
            throw Problem(
                given.place, "`upTo` bounds the new slot's share, and allAtOnce gives it all",
                "write rollout: hold, or add strategy: {canary: {}}")
        }
        return .upTo(try perMille(try DocumentReader.need(given["upTo"], "upTo", given), "upTo"))
    }
}
