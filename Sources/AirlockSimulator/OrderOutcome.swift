import AirlockModel

/// What a delivered order came to, and whether the answer gets through.
struct OrderOutcome: Sendable {
    let effect: Delivery.Effect
    let isLost: Bool

    /// Carries an order out under the fault that strikes it.
    ///
    /// - Parameter records: Gets what is to be written; the world has it already.
    init(
        of order: ActionOrder, in world: inout World, at time: Timestamp,
        records: inout [WorldRecord]
    ) {
        world.settleLate(until: time)
        let struck = world.faults.striking(order.lane, at: time)
        let effect = world.effect(of: order, at: time)
        func deliver(_ effect: Delivery.Effect, by fault: Int?) {
            let delivery = Delivery(order: order, effect: effect, fault: fault)
            let record = WorldRecord(at: time, event: .delivery(delivery))
            world.apply(record)
            records.append(record)
        }
        switch struck?.fault.kind {
        case .refuse:
            self.init(effect: .refused("a fault was asked for"), isLost: false)
        case .loseOrder, .partition: self.init(effect: .lost, isLost: true)
        case .loseAnswer: self.init(effect: effect, isLost: true)
        case .half: self.init(effect: effect == .applied ? .half : effect, isLost: true)
        case .late(let delay):
            self.init(
                effect: effect == .applied ? .pending(until: time + delay) : effect, isLost: true)
        case .deliverTwice, .loseInstance, .driftReplicas, .driftTraffic, .driftConfig,
            .driftStop, .driftForeign, .killInstances, .degradeInstances, .cureInstances, nil:
            self.init(effect: effect, isLost: false)
        }
        deliver(self.effect, by: struck?.number)
        if struck?.fault.kind == .deliverTwice {
            deliver(world.effect(of: order, at: time), by: nil)
        }
    }

    private init(effect: Delivery.Effect, isLost: Bool) {
        self.effect = effect
        self.isLost = isLost
    }
}
