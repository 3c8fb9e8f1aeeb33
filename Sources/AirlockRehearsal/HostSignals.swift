import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockSimulator

/// What measures on the machine of the process: its seconds are those of the clock that people set, and
/// the world's own time goes on beside it.
struct HostSignals: SignalSource {
    let world: SimulatedProvider
    let clock: ManualClock
    let time: WorldTime

    var traits: SignalTraits { world.traits }

    func counters(
        of lane: LaneID, slot: SlotID, from: Timestamp, to: Timestamp
    ) async throws(ProviderError) -> [SecondCounters] {
        // Clocks are set by whole seconds.
        let ahead = time.now - clock.now().wall
        let found = try await world.counters(
            of: lane, slot: slot, from: from + ahead, to: to + ahead)
        return found.map { $0.moved(by: -(ahead.milliseconds / 1000)) }
    }
}
