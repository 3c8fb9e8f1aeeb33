extension Change {
    /// What its slot is asked before it gets traffic; empty where it is asked nothing.
    ///
    /// Another number of instances is no rollout, but where there was none before, nobody has seen the slot
    /// serve: it is asked as a first deployment is.
    package var previewChecks: [PreviewCheck] {
        guard case .blueGreen(let plan) = strategy, let preview = plan.preview,
            case .slot(_, _, let replicas) = target, replicas.maximum > 0
        else { return [] }
        switch kind {
        case .create, .replace: return preview.checks
        case .scale: return base?.replicas.maximum == 0 ? preview.checks : []
        case .remove: return []
        }
    }
}
