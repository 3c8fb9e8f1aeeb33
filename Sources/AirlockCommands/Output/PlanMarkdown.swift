import AirlockHost
import AirlockModel
import AirlockPlan

/// A plan as a reviewer reads it under a pull request.
struct PlanMarkdown {
    /// The most lanes that are shown with their differences; the rest is counted.
    private static let maximumLanes = 200

    let plan: Plan
    let origin: PlanOrigin

    var text: String {
        var lines = ["## Airlock plan for \(plan.fleet)", ""]
        if let branch = origin.branch, let commit = plan.commit {
            lines += ["What `main` would be after merging `\(branch)` onto `\(commit.short)`.", ""]
        } else if let commit = plan.commit {
            lines += ["At commit `\(commit.short)`.", ""]
        }
        lines += origin.conflicts.map { "> **Conflict** in `\(Self.escaped($0))`" }
        lines += (origin.notices + plan.notices).map { "> **Note:** \(Self.escaped($0))" }
        if let incomplete = plan.incomplete {
            lines.append("> **Incomplete:** \(Self.escaped(incomplete)). It cannot be approved.")
        }
        let shown = plan.lanes.filter(\.isWorthShowing)
        if !shown.isEmpty {
            lines += ["", "| | lane | version | what | verdict |", "|---|---|---|---|---|"]
            lines += shown.prefix(Self.maximumLanes).map(row)
            // A repair or a lane that waits for another one changes nothing that could be shown.
            let differences = shown.prefix(Self.maximumLanes).flatMap(difference)
            if !differences.isEmpty { lines += ["", "```diff"] + differences + ["```"] }
            lines += shown.prefix(Self.maximumLanes).flatMap(preview)
            lines += shown.prefix(Self.maximumLanes).flatMap(bounds)
            lines += shown.prefix(Self.maximumLanes).flatMap(forecast)
        }
        if shown.count > Self.maximumLanes {
            lines.append("\(shown.count - Self.maximumLanes) more lanes are not shown.")
        }
        lines += ["", "**\(PlanText(plan: plan, origin: origin, ink: .plain).summary)**"]
        if plan.incomplete == nil, !plan.changes.isEmpty {
            lines += ["", "<details><summary>Change ids</summary>", ""]
            lines += plan.changes.prefix(Self.maximumLanes).map { "- `\($0.lane)` `\($0.id)`" }
            lines += ["", "</details>"]
        }
        return Self.tidy(lines).joined(separator: "\n")
    }

    /// The lines without a second empty line after another.
    private static func tidy(_ lines: [String]) -> [String] {
        lines.enumerated()
            .filter { $0.offset == 0 || !$0.element.isEmpty || !lines[$0.offset - 1].isEmpty }
            .map(\.element)
    }

    private func row(_ lane: LanePlan) -> String {
        let cells = [
            symbol(lane), "`\(lane.lane)`", Self.escaped(versions(lane.change)), lane.action,
            Self.escaped(verdict(lane)),
        ]
        return "| " + cells.joined(separator: " | ") + " |"
    }

    private func difference(_ lane: LanePlan) -> [String] {
        guard let change = lane.change else { return [] }
        let rows = PlanDifference(change).rows
        guard !rows.isEmpty else { return [] }
        var lines = ["@@ \(lane.lane) @@"]
        for row in rows {
            if let before = row.before { lines.append("- \(row.name): \(Self.fenced(before))") }
            if let after = row.after { lines.append("+ \(row.name): \(Self.fenced(after))") }
        }
        return lines
    }

    /// What the new slot is asked before it gets traffic.
    private func preview(_ lane: LanePlan) -> [String] {
        var asked = (lane.change?.previewChecks ?? []).map(\.sentence)
        if let bounds = lane.change.flatMap(PreviewBoundsView.init) {
            asked.append(bounds.sentence)
        }
        guard !asked.isEmpty else { return [] }
        return ["", "What `\(lane.lane)` has to show before its traffic:", ""]
            + asked.map { "- \(Self.escaped($0))" }
    }

    /// What takes the new slot back at once.
    private func bounds(_ lane: LanePlan) -> [String] {
        let bounds = lane.change?.bounds ?? []
        guard !bounds.isEmpty else { return [] }
        return ["", "Takes the new slot of `\(lane.lane)` back at once:", ""]
            + bounds.map { "- \(Self.escaped($0.text))" }
    }

    /// How long the steps of a canary need.
    private func forecast(_ lane: LanePlan) -> [String] {
        guard let forecast = lane.forecast else { return [] }
        var lines = [
            "",
            "Time to tell a doubling of errors in `\(lane.lane)` at today's traffic "
                + "(\(forecast.basis)):", "", "| step | requests | needs | in time |",
            "|---|---|---|---|",
        ]
        lines += forecast.steps.map { step in
            "| \(step.share) | \(step.rate.phrase) | \(step.time?.phrase ?? "never") "
                + "| \(step.isInTime ? "yes" : "no") |"
        }
        let sentence = forecast.answer + (forecast.fallback.map { "; \($0)" } ?? "")
        return lines + ["", sentence.prefix(1).uppercased() + sentence.dropFirst() + "."]
    }

    private func symbol(_ lane: LanePlan) -> String {
        switch lane.change?.kind {
        case .create: "+"
        case .replace: "±"
        case .scale: "~"
        case .remove: "-"
        case nil: "~"
        }
    }

    private func versions(_ change: Change?) -> String {
        guard let change else { return "" }
        let old = change.base?.version ?? ""
        guard case .slot(_, let new, _) = change.target else { return old }
        return old == (new ?? "") || old.isEmpty ? new ?? "" : "\(old) → \(new ?? "")"
    }

    private func verdict(_ lane: LanePlan) -> String {
        switch lane.disposition {
        case .hold(let reason):
            let advice =
                reason.moves(in: lane.lane).compactMap(\.advice).first.map { " (\($0))" } ?? ""
            return reason.phrase + advice
        case .change(_, let operation?):
            return "under way, operation \(operation)" + (lane.waits.map { ", \($0.phrase)" } ?? "")
        case .change(let change, _):
            return "passes every gate" + (change.isReturn == true ? "; \(Change.returnPhrase)" : "")
        case .repair(let repair, _): return repair.phrase
        case .heal(let heal, _): return heal.phrase
        case .verify(let work, _): return work.phrase
        case .back: return "a failed change is being taken back"
        case .leave: return ""
        }
    }

    /// Text from a repository must not become markup, a link, a mention or a line of its own.
    static func escaped(_ text: String) -> String {
        var result = ""
        for character in text.visible {
            switch character {
            case "|", "`", "*", "_", "[", "]", "<", ">", "#", "\\", "@", "~":
                result += "\\\(character)"
            default: result.append(character)
            }
        }
        return result
    }

    /// Text inside a fence must not close it.
    private static func fenced(_ text: String) -> String {
        text.replacing("```", with: "'''")
    }
}
