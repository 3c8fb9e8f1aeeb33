import AirlockModel

/// Telling a removal that is meant from a repository that lost its files.
enum Outage {
    /// Why nothing is removed in this environment; nil when removals are within the limit.
    ///
    /// The limit is that of the commit before, so that a commit cannot allow its own removals.
    static func reason(
        _ open: [Situation], settled total: Int, slice: FleetSlice, facts: Facts
    ) -> String? {
        let removals = open.filter { $0.change?.kind == .remove }
        guard !removals.isEmpty else { return nil }
        if slice.isServicesFolderLost {
            return "nothing is removed in \(slice.name): services/ is lost or describes no service"
        }
        let limits = facts.limitsInForce ?? slice.limits
        let allowed = limits.removals.allowed(of: total)
        // What is under way was within the limit when it was opened.
        let fresh = removals.count { $0.operation?.change?.id != $0.change?.id }
        guard fresh > allowed else { return nil }
        return "nothing is removed in \(slice.name): \(fresh) of \(total) lanes would go, "
            + "and limits.removals allows \(allowed)"
    }
}
