import AirlockModel

/// Telling a removal that is meant from a repository that lost its files.
struct Outage {
    /// Why nothing is removed in the environment, in one phrase.
    let reason: String
    /// Whose move is next.
    let move: NextMove

    /// What the plan takes for an outage; nil when removals are within the limit.
    ///
    /// The limit is that of the commit before, so that a commit cannot allow its own removals. No limit
    /// allows a fleet to lose all that it has.
    init?(_ open: [Situation], settled total: Int, slice: FleetSlice, facts: Facts) {
        let removals = open.filter { $0.change?.kind == .remove }
        guard !removals.isEmpty else { return nil }
        if slice.isServicesFolderLost {
            reason =
                "nothing is removed in \(slice.name): services/ is lost or describes no service"
            move = .commit(
                "bring the files of services/ back; a fleet is never emptied, whatever "
                    + "limits.removals says")
            return
        }
        let limits = facts.limitsInForce ?? slice.limits
        let allowed = limits.removals.allowed(of: total)
        // What is under way was within the limit when it was opened.
        let fresh = removals.count { $0.operation?.change?.id != $0.change?.id }
        guard fresh > allowed else { return nil }
        reason =
            "nothing is removed in \(slice.name): \(fresh) of \(total) lanes would go, "
            + "and limits.removals allows \(allowed)"
        move = .commit(
            "bring the files of services/ back, or raise limits.removals in fleet.yaml in a commit "
                + "of its own before the one that removes them")
    }
}
