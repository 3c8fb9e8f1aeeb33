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
    /// What is asked for, in the order of their kinds, beside signals of the service's own.
    var signals: [SignalQueries.Signal]
    /// Those of the service's own signals that are asked for.
    var named: [SignalQueries.Named]

    /// Everything that the service can tell of those slots.
    init(
        lane: LaneID, queries: SignalQueries, window: Duration,
        slots: [(side: Side, id: SlotID)]
    ) {
        self.lane = lane
        self.queries = queries
        self.window = window
        self.slots = slots
        (signals, named) = (queries.signals, queries.named)
    }

    /// The whole text in PromQL.
    var text: String {
        slots.flatMap { slot -> [String] in
            let known = signals.map { term(of: $0, slot) }
            return known + named(slot).map { term(of: $0, slot) }
        }.joined(separator: " or ")
    }

    /// The text for one signal, to find the one that a server refuses.
    func text(of signal: SignalQueries.Signal) -> String {
        slots.map { term(of: signal, $0) }.joined(separator: " or ")
    }

    /// The same for a signal of the service's own; nil where it is not asked for.
    func text(of signal: SignalQueries.Named) -> String? {
        slots.first { $0.side == .target }.map { term(of: signal, $0) }
    }

    /// How a term is marked.
    static func name(_ side: Side, _ signal: SignalQueries.Signal) -> String {
        "\(side.rawValue).\(signal.rawValue)"
    }

    /// How a term of a signal of the service's own is marked.
    static func name(_ side: Side, _ signal: SignalQueries.Named) -> String {
        "\(side.rawValue).named.\(signal.name)"
    }

    /// The service's own signals are those of the slot that is judged: bounds are for it alone.
    private func named(_ slot: (side: Side, id: SlotID)) -> [SignalQueries.Named] {
        switch slot.side {
        case .target: named
        case .base: []
        }
    }

    private func term(
        of signal: SignalQueries.Signal, _ slot: (side: Side, id: SlotID)
    ) -> String {
        queries[signal].map { term($0, named: Self.name(slot.side, signal), slot.id) } ?? ""
    }

    private func term(
        of signal: SignalQueries.Named, _ slot: (side: Side, id: SlotID)
    ) -> String {
        term(signal.query, named: Self.name(slot.side, signal), slot.id)
    }

    private func term(_ query: SignalQuery, named name: String, _ slot: SlotID) -> String {
        var text = query.filled { variable in
            switch variable {
            case .lane: lane.description
            case .environment: lane.environment.description
            case .service: lane.unit.name.description
            case .slot: slot.description
            case .shortSlot: slot.short
            case .window: Self.text(window)
            }
        }
        // Else a value would count for five minutes after the last sample. The selector itself is empty as
        // soon as a scrape has failed, so that nothing old passes for an instance that did nothing.
        if query.isSelector { text = "last_over_time(\(text)[\(Self.text(window))]) and \(text)" }
        return "label_replace(\(text), \"\(Self.mark)\", \"\(name)\", \"\", \"\")"
    }

    private static func text(_ duration: Duration) -> String {
        "\(duration.milliseconds / 1000)s"
    }
}
