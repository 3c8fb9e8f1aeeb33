import AirlockModel

/// Turns an environment's `healing` into a value.
enum HealingReader {
    /// Nil for `off`.
    static func policy(of given: Document.Value) throws(Problem) -> HealingPolicy? {
        if given.text != nil { return nil }
        var policy = HealingPolicy()
        policy.budget =
            try DocumentReader.read(Quantity.budget, "restarts", of: given) ?? policy.budget
        policy.ejectedShare =
            try DocumentReader.read(Quantity.share, "ejectedShare", of: given)
            ?? policy.ejectedShare
        policy.afterChange =
            try DocumentReader.read(Quantity.duration, "afterChange", of: given)
            ?? policy.afterChange
        if let scale = given["scale"] { try read(scale, into: &policy) }
        for item in given["dryRun"]?.items ?? [] {
            policy.dryRun.insert(
                try DocumentReader.need(
                    item.text.flatMap(HealingRule.init(rawValue:)), "dryRun", item))
        }
        return policy
    }

    private static func read(
        _ scale: Document.Value, into policy: inout HealingPolicy
    ) throws(Problem) {
        policy.scaleAbove =
            try DocumentReader.read(Quantity.share, "above", of: scale) ?? policy.scaleAbove
        // Where it is not written it follows `above`.
        let usual = Share(
            basisPoints: min(policy.scaleBelow.basisPoints, policy.scaleAbove.basisPoints / 2))
        policy.scaleBelow = try DocumentReader.read(Quantity.share, "below", of: scale) ?? usual
        // Nearer to each other, one instance less would make the load ask for it again.
        guard policy.scaleBelow.basisPoints * 2 <= policy.scaleAbove.basisPoints else {
            throw Problem(
                scale.place, "`below` is more than half of `above`",
                "write {above: 75%, below: 30%}")
        }
    }
}
