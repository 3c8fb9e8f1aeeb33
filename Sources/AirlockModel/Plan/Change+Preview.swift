package import AirlockAnalysis

extension Change {
    /// What its slot has to show before it gets traffic; nil where it gets it as soon as it is healthy.
    ///
    /// Another number of instances is no rollout, but where there was none before, nobody has seen the slot
    /// serve: it is asked as a first deployment is.
    package var preview: PreviewPlan? {
        guard case .blueGreen(let plan) = strategy, let preview = plan.preview,
            case .slot(_, _, let replicas) = target, replicas.maximum > 0
        else { return nil }
        switch kind {
        case .create, .replace: return preview
        case .scale: return base?.replicas.maximum == 0 ? preview : nil
        case .remove: return nil
        }
    }

    /// What its slot is asked before it gets traffic; empty where it is asked nothing.
    package var previewChecks: [PreviewCheck] { preview?.checks ?? [] }

    /// The bounds that its slot has to keep to before it gets traffic, and for how long; nil for none.
    package var previewBounds: (limits: [HardLimit], hold: Duration)? {
        guard case .blueGreen(let plan) = strategy, let bounds = preview?.bounds else { return nil }
        return (plan.limits.filter(bounds.includes), bounds.hold)
    }
}
