package import AirlockModel

/// One line of the world's file: what was told to the world, and when in its own time.
struct WorldRecord: Codable, Sendable {
    /// The form of the records that this version writes and reads.
    static let format = 1

    let at: Timestamp
    let event: Event

    enum Event: Codable, Sendable {
        /// The first record: the form of the others, and where all random numbers come from.
        case began(format: Int, seed: UInt64)
        case claim(EnvironmentName, FleetName, Claim)
        case delivery(Delivery)
        case behaviours(SimulationSpec)
        case fault(SimulatedFault)
        /// World time that passed without wall time passing.
        case advance(Duration)
        /// How far world time is ahead of wall time from now on: a wall clock went back.
        case clock(ahead: Duration)
        /// Late orders that were due were carried out before what follows.
        case passed
    }
}

/// An order that reached the world, and what it came to: the world's own record, for tests that do not
/// want to believe the journal.
package struct Delivery: Hashable, Sendable, Codable {
    package let order: ActionOrder
    package let effect: Effect
    /// The number of the fault that struck it.
    let fault: Int?

    /// What an order came to.
    package enum Effect: Hashable, Sendable, Codable {
        case applied
        /// Half of it was carried out; the key may be carried out yet.
        case half
        /// The key had been carried out before.
        case repeated
        /// There was nothing to do: the world was like that already.
        case noEffect
        case refused(String)
        case fenced(by: Claim)
        case foreign(Claim)
        /// It will be carried out at that time.
        case pending(until: Timestamp)
        /// It was never heard of again.
        case lost
    }
}
