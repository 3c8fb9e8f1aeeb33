import AirlockModel

/// One question for all signals of both slots, so that they are of the same evaluation.
struct RangeQuestion {
    /// The label that tells which term of the question a series answers.
    static let mark = "airlock"

    /// Which slot of the two.
    enum Side: String, CaseIterable {
        case target
        case base
    }

    let lane: LaneID
    let queries: SignalQueries
    let window: Duration
    let slots: [(side: Side, id: SlotID)]

    /// The whole text in PromQL.
    var text: String {
        slots.flatMap { slot in queries.signals.map { term(of: $0, slot) } }
            .joined(separator: " or ")
    }

    /// The text for one signal, to find the one that a server refuses.
    func text(of signal: SignalQueries.Signal) -> String {
        slots.map { term(of: signal, $0) }.joined(separator: " or ")
    }

    /// How a term is marked.
    static func name(_ side: Side, _ signal: SignalQueries.Signal) -> String {
        "\(side.rawValue).\(signal.rawValue)"
    }

    private func term(
        of signal: SignalQueries.Signal, _ slot: (side: Side, id: SlotID)
    ) -> String {
        guard let query = queries[signal] else { return "" }
        var text = query.filled { variable in
            switch variable {
            case .lane: lane.description
            case .environment: lane.environment.description
            case .service: lane.unit.name.description
            case .slot: slot.id.description
            case .shortSlot: slot.id.short
            case .window: Self.text(window)
            }
        }
        // Else a value would count for five minutes after the last sample. The selector itself is empty as
        // soon as a scrape has failed, so that nothing old passes for an instance that did nothing.
        if query.isSelector { text = "last_over_time(\(text)[\(Self.text(window))]) and \(text)" }
        let name = Self.name(slot.side, signal)
        return "label_replace(\(text), \"\(Self.mark)\", \"\(name)\", \"\", \"\")"
    }

    private static func text(_ duration: Duration) -> String {
        "\(duration.milliseconds / 1000)s"
    }
}
