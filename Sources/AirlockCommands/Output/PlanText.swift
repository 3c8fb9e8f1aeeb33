import AirlockHost
import AirlockModel
import AirlockPlan

/// A plan as a person reads it on a terminal.
struct PlanText {
    let plan: Plan
    let origin: PlanOrigin
    let ink: Ink

    var text: String {
        var lines = [heading]
        lines += origin.conflicts.map { ink.red("conflict: \($0)") }
        lines += (origin.notices + plan.notices).map { ink.yellow("note: \($0)") }
        if let incomplete = plan.incomplete {
            lines.append(ink.red("incomplete: \(incomplete); this plan cannot be approved"))
        }
        var environment: EnvironmentName?
        for lane in plan.lanes where lane.isWorthShowing {
            if lane.lane.environment != environment {
                environment = lane.lane.environment
                lines += ["", ink.bold(lane.lane.environment.description)]
            }
            lines += block(lane)
        }
        return (lines + ["", summary]).joined(separator: "\n")
    }

    private var heading: String {
        var words = "Plan of \(plan.fleet)"
        if let commit = plan.commit { words += " at \(commit.short)" }
        if let branch = origin.branch { words += ", as it would be after merging \(branch)" }
        return ink.bold(words)
    }

    /// `Plan: 1 to create, 2 to replace, 0 to scale, 0 to remove; 1 to repair, 2 waiting, 1 held.`, after
    /// the semicolon also `1 under way` and `1 to verify` where there is one.
    var summary: String {
        if plan.isEmpty {
            return plan.incomplete == nil
                ? ink.green("No changes: every lane is what git says.")
                : ink.red("No changes are planned, and the plan is incomplete.")
        }
        func count(_ action: String) -> Int {
            plan.lanes.count { $0.underWay == nil && $0.action == action }
        }
        let underWay = plan.lanes.count { $0.underWay != nil }
        // A lane that is repaired first may hold a change as well, and is counted for both.
        let held = plan.lanes.filter { $0.action == "hold" || $0.holdsChange }
        let waiting = held.count { $0.holdTurnsByItself }
        let forward = ["create", "replace", "scale", "remove"].map { "\(count($0)) to \($0)" }
        var rest: [String] = []
        if underWay > 0 { rest.append("\(underWay) under way") }
        rest.append("\(count("repair") + count("heal")) to repair")
        if count("back") > 0 { rest.append("\(count("back")) to take back") }
        if count("verify") > 0 { rest.append("\(count("verify")) to verify") }
        rest += ["\(waiting) waiting", "\(held.count - waiting) held"]
        return ink.bold(
            "Plan: \(forward.joined(separator: ", ")); \(rest.joined(separator: ", ")).")
    }

    private func block(_ lane: LanePlan) -> [String] {
        var head = "  \(symbol(lane)) \(ink.bold(lane.lane.unit.description))"
        if let versions = versions(lane.change) { head += "  \(versions.visible)" }
        var lines = [head]
        if let change = lane.change { lines += details(of: change).map { "      " + $0 } }
        lines += (lane.change?.previewChecks ?? []).map { "      preview   " + $0.sentence }
        if let bounds = lane.change.flatMap(PreviewBoundsView.init) {
            lines.append("      preview   " + bounds.sentence)
        }
        lines += (lane.change?.bounds ?? []).map { "      bound     " + $0.text }
        if lane.change?.isReturn == true { lines.append("      back      " + Change.returnPhrase) }
        if let forecast = lane.forecast { lines += Self.lines(of: forecast).map { "      " + $0 } }
        lines += lane.drift.map { "      " + ink.yellow("drift: \($0.phrase)") }
        if let operation = lane.underWay {
            lines.append("      " + ink.cyan("under way: operation \(operation)"))
        }
        if case .repair(let repair, _) = lane.disposition, repair.isRollback {
            lines.append("      " + ink.cyan("goes back: \(repair.phrase)"))
        }
        if let wait = lane.waits {
            lines.append("      " + ink.red("held: \(wait.phrase)"))
            lines.append("      " + ink.dim("→ \(wait.advice(for: lane.lane))"))
        }
        if case .heal(let heal, _) = lane.disposition {
            lines.append("      " + ink.cyan("heals: \(heal.phrase)"))
        }
        if case .verify(let work, let operation) = lane.disposition {
            let command = work.job.run.joined(separator: " ").visible
            let when = operation.map { ", operation \($0)" } ?? ""
            lines.append("      " + ink.cyan("verifies: \(command)\(when)"))
        }
        if case .hold(let reason) = lane.disposition {
            let word =
                reason.turnsByItself
                ? ink.cyan("waits: \(reason.phrase)") : ink.red("held: \(reason.phrase)")
            lines.append("      " + word)
            lines += reason.moves(in: lane.lane).compactMap(\.advice).map {
                "      " + ink.dim("→ \($0)")
            }
        }
        if lane.holdsChange, lane.action != "hold" {
            // Its change waits for that, and then for these.
            let waits = lane.verdicts.filter { $0.answer != .pass }
            lines += waits.map { verdict in
                let words = "\(verdict.gate.phrase): \(verdict.reason)"
                let word =
                    lane.holdTurnsByItself ? ink.cyan("waits: \(words)") : ink.red("held: \(words)")
                return "      " + word
            }
        }
        if plan.incomplete == nil, let change = lane.change {
            lines.append("      " + ink.dim("change \(change.id)"))
        }
        return lines
    }

    /// How long each step of a canary needs, and which decides.
    private static func lines(of forecast: DecisionForecast) -> [String] {
        forecast.stepLines.map { "step      " + $0 }
            + [
                "decides   \(forecast.answer)"
                    + (forecast.fallback.map { "; \($0)" } ?? ""),
                "today     \(forecast.basis)",
            ]
    }

    private func symbol(_ lane: LanePlan) -> String {
        switch lane.change?.kind {
        case .create: ink.green("+")
        case .replace: ink.yellow("±")
        case .scale: ink.yellow("~")
        case .remove: ink.red("-")
        case nil: ink.cyan("~")
        }
    }

    private func versions(_ change: Change?) -> String? {
        guard let change else { return nil }
        let old = change.base?.version
        guard case .slot(_, let new, _) = change.target else { return old }
        switch (old, new) {
        case (let old?, let new?): return old == new ? new : "\(old) → \(new)"
        case (nil, let new?): return new
        case (_, nil): return nil
        }
    }

    private func details(of change: Change) -> [String] {
        PlanDifference(change).rows.map { row in
            let name = row.name.padding(to: 10)
            switch (row.before, row.after) {
            case (let old?, let new?) where old != new: return "\(name)\(old) → \(new)"
            case (nil, let new?): return "\(name)\(ink.green("+ \(new)"))"
            case (let old?, nil): return "\(name)\(ink.red("- \(old)"))"
            case (_, let same): return "\(name)\(same ?? "")"
            }
        } + (change.cause.map { ["cause     \($0.visible)"] } ?? [])
    }
}

/// What a change changes, row by row and written out; rows that stay the same are left out but for replicas.
struct PlanDifference {
    struct Row {
        let name: String
        let before: String?
        let after: String?
    }

    let rows: [Row]

    init(_ change: Change) {
        let old = change.base.map { ($0.slot, $0.replicas.phrase) }
        var new: (SlotSpec, String)?
        if case .slot(let slot, _, let replicas) = change.target { new = (slot, replicas.phrase) }
        var rows: [Row] = []
        func add(_ name: String, _ before: String?, _ after: String?) {
            guard before != after else { return }
            rows.append(Row(name: name, before: before?.visible, after: after?.visible))
        }
        add("artifact", old?.0.artifact.short, new?.0.artifact.short)
        add("replicas", old?.1, new?.1)
        let (oldKeys, newKeys) = (old?.0.config.keys, new?.0.config.keys)
        for key in Set(oldKeys.map(Array.init) ?? []).union(newKeys ?? [:].keys).sorted() {
            add(
                "config", old?.0.config[key].map { "\(key): \($0.shown)" },
                new?.0.config[key].map { "\(key): \($0.shown)" })
        }
        if let before = old?.0.template, let after = new?.0.template {
            for (left, right) in zip(before.written, after.written) {
                add(left.name, left.text, right.text)
            }
        }
        self.rows = rows
    }
}

extension LanePlan {
    /// Lanes that are left are counted, not listed.
    var isWorthShowing: Bool {
        if case .leave = disposition { false } else { true }
    }
}

extension String {
    /// The text followed by blanks up to `width`.
    func padding(to width: Int) -> String {
        self + String(repeating: " ", count: Swift.max(0, width - count))
    }
}
