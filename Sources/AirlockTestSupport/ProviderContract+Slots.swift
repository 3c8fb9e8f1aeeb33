import AirlockModel
import AirlockPorts
import Testing

/// Slots, instances and traffic.
extension ProviderContract {
    /// A slot is started, becomes healthy, takes the traffic, is followed by another and stopped.
    package func slotsLiveTheirLife() async throws {
        let stage = try await stage()
        let nothing = try await stage.look()
        #expect(nothing.lanes.isEmpty)
        try await stage.order(.start(Self.first, replicas: 2), operation: 1)
        let started = try await stage.lane()
        let slot = try #require(started.slot(Self.first.id))
        #expect(slot.replicas == 2 && slot.instances.count == 2 && started.weights.isEmpty)
        #expect(Set(slot.instances.map(\.id)).count == 2)
        if stage.subject.startup > .zero {
            #expect(slot.instances.allSatisfy { $0.phase == .starting })
        }
        try await stage.settle()
        let settled = try await stage.lane()
        #expect(settled.slot(Self.first.id)?.healthyCount == 2 && settled.serving.isEmpty)
        try await stage.order(.route([Self.first.id: 1000]), operation: 1)
        let serving = try await stage.lane()
        #expect(serving.serving.map(\.id) == [Self.first.id])

        try await stage.order(.start(Self.second, replicas: 1), operation: 2)
        try await stage.settle()
        try await stage.order(.route([Self.second.id: 1000]), operation: 2)
        try await stage.order(.stop(Self.first.id), operation: 2)
        let moved = try await stage.lane()
        #expect(moved.slots.map(\.id) == [Self.second.id])
        #expect(moved.weights == [Self.second.id: 1000])

        try await stage.order(.route([:]), operation: 3)
        try await stage.order(.stop(Self.second.id), operation: 3)
        let ended = try await stage.look()
        #expect(ended.lanes.isEmpty)
    }

    /// What was started stays as it was started; the same id cannot be started as something else.
    package func slotsCannotBeEdited() async throws {
        let stage = try await stage()
        try await stage.order(.start(Self.first, replicas: 2), operation: 1)
        try await stage.expectRefusal(of: .start(Self.first, replicas: 3), operation: 2)
        try await stage.order(.start(Self.second, replicas: 1), operation: 3)
        let lane = try await stage.lane()
        #expect(lane.slot(Self.first.id)?.spec == Self.first)
        #expect(lane.slot(Self.second.id)?.spec == Self.second)
        #expect(lane.slots.allSatisfy { !$0.isEdited })
    }

    /// The number of instances follows the order, up, down and to none.
    package func slotsScale() async throws {
        let stage = try await stage()
        guard can(stage, .scale) else { return }
        let id = Self.first.id
        try await stage.order(.start(Self.first, replicas: 1), operation: 1)
        try await stage.settle()
        for (operation, replicas) in [(2, 3), (3, 1), (4, 0)] {
            try await stage.order(.scale(id, replicas: replicas), operation: operation)
            try await stage.settle()
            let slot = try await stage.lane().slot(id)
            #expect(slot?.replicas == replicas && slot?.instances.count == replicas)
            #expect(slot?.healthyCount == replicas)
        }
    }

    /// Shares of the traffic are those that were ordered: 1000 in all, or none.
    package func weightsAddUp() async throws {
        let stage = try await stage()
        let (first, second) = (Self.first.id, Self.second.id)
        try await stage.order(.start(Self.first, replicas: 1), operation: 1)
        try await stage.order(.start(Self.second, replicas: 1), operation: 1)
        try await stage.settle()
        try await stage.order(.route([first: 900, second: 100]), operation: 2)
        let shared = try await stage.lane().weights
        #expect(shared == [first: 900, second: 100])
        try await stage.order(.route([first: 0, second: 1000]), operation: 3)
        let moved = try await stage.lane().weights
        #expect(moved == [second: 1000])
        try await stage.order(.stop(second), operation: 4)
        let left = try await stage.lane().weights
        #expect(left.values.reduce(0, +) == 1000 || left.isEmpty)
        #expect(left[second] == nil)
    }

    /// An order that cannot be carried out is refused as a whole.
    package func refusedOrdersChangeNothing() async throws {
        let stage = try await stage()
        let (first, second) = (Self.first.id, Self.second.id)
        try await stage.order(.start(Self.first, replicas: 1), operation: 1)
        try await stage.settle()
        try await stage.order(.route([first: 1000]), operation: 1)
        let orders: [Action] = [
            .route([second: 1000]), .route([first: 500, second: 500]), .route([first: 999]),
            .route([first: 1001]), .route([first: -1000]), .scale(second, replicas: 2),
            .scale(first, replicas: -1), .start(Self.second, replicas: -1),
        ]
        for (index, action) in orders.enumerated() {
            try await stage.expectRefusal(of: action, operation: 10 + index)
        }
    }

    /// A slot tells which change and operation started it.
    package func labelsComeBack() async throws {
        let stage = try await stage()
        let change = ChangeID(digest: Digest(of: "a change".utf8))
        try await stage.order(.start(Self.first, replicas: 1), operation: 7, change: change)
        try await stage.order(.start(Self.second, replicas: 1), operation: 8)
        let lane = try await stage.lane()
        let (labelled, repaired) = (lane.slot(Self.first.id), lane.slot(Self.second.id))
        #expect(labelled?.change == change && labelled?.operation == 7)
        #expect(repaired?.change == nil && repaired?.operation == 8)
    }

    /// Another ledger can adopt what runs: every slot is reported with all that it was started with.
    package func whatRunsIsReportedInFull() async throws {
        let stage = try await stage()
        let secret = ConfigValue.secret(Build.secret("checkout-db"), version: "4")
        var template = Build.template(calls: ["inventory", "payments"])
        template.health = HealthCheck(path: "/healthz", every: .seconds(5))
        template.resources = Resources(milliCPU: 500, memoryBytes: 256 << 20)
        template.stopGrace = .seconds(30)
        let spec = SlotSpec(
            artifact: Build.artifact("checkout"),
            config: ["LEVEL": .plain("info"), "DB": secret], template: template)
        try await stage.order(.start(spec, replicas: 2), operation: 1)
        try await stage.settle()
        try await stage.order(.route([spec.id: 1000]), operation: 1)
        let adopter = stage.under(ProviderStage.claim(ledger: 2, epoch: 1))
        _ = try await adopter.take(over: true)
        let lane = try await adopter.lane()
        #expect(lane.slot(spec.id)?.spec == spec)
        #expect(lane.slot(spec.id)?.replicas == 2 && lane.weights == [spec.id: 1000])
    }
}
