import AirlockModel
import AirlockPorts
import Testing

/// Single instances: what healing asks of a provider that says it can.
extension ProviderContract {
    /// An instance is started again under its name; told twice, or by an older count, it is not.
    package func instancesRestart() async throws {
        let stage = try await stage()
        guard can(stage, .restart) else { return }
        let (id, before) = try await serving(3, in: stage)
        let first = try #require(before.instances.first)
        let restart = Action.restart(id, instance: first.id, starts: first.starts)
        try await stage.order(restart, operation: 2)
        let lane = try await stage.lane()
        let again = try #require(lane.slot(id)?.instance(first.id))
        #expect(again.starts == first.starts + 1 && restart.isDone(in: lane))
        #expect(lane.slot(id)?.instances.count == 3 && lane.slot(id)?.replicas == 3)
        // The same order of another operation finds it done: the count says so.
        try await stage.order(restart, operation: 3)
        let same = try await stage.lane().slot(id)?.instance(first.id)
        #expect(same?.starts == again.starts)
        try await stage.settle()
        let settled = try await stage.lane()
        #expect(settled.slot(id)?.healthyCount == 3 && settled.weights == [id: 1000])
    }

    /// An instance goes, and another one comes in its stead.
    package func instancesAreReplaced() async throws {
        let stage = try await stage()
        guard can(stage, .replace) else { return }
        let (id, before) = try await serving(2, in: stage)
        let first = try #require(before.instances.first)
        let replace = Action.replace(id, instance: first.id)
        #expect(!replace.isDone(in: try await stage.lane()))
        try await stage.order(replace, operation: 2)
        #expect(replace.isDone(in: try await stage.lane()))
        try await stage.settle()
        let slot = try await stage.lane().slot(id)
        #expect(slot?.instances.count == 2 && slot?.healthyCount == 2 && slot?.replicas == 2)
        #expect(slot?.instance(first.id) == nil)
    }

    /// An ejected instance stays and says so, until it is readmitted; both may be told twice.
    package func instancesAreEjected() async throws {
        let stage = try await stage()
        guard can(stage, .eject) else { return }
        let (id, before) = try await serving(3, in: stage)
        let first = try #require(before.instances.first)
        let (eject, readmit) = (
            Action.eject(id, instance: first.id), Action.readmit(id, instance: first.id)
        )
        for operation in [2, 3] {
            try await stage.order(eject, operation: operation)
            let lane = try await stage.lane()
            #expect(eject.isDone(in: lane) && !readmit.isDone(in: lane))
            #expect(lane.slot(id)?.instances.map(\.isEjected) == [true, false, false])
            #expect(lane.weights == [id: 1000] && lane.slot(id)?.replicas == 3)
        }
        for operation in [4, 5] {
            try await stage.order(readmit, operation: operation)
            let lane = try await stage.lane()
            #expect(readmit.isDone(in: lane))
            #expect(lane.slot(id)?.instances.allSatisfy { !$0.isEjected } == true)
        }
    }

    /// What is not there cannot be healed.
    package func strangersAreNotHealed() async throws {
        let stage = try await stage()
        let (id, _) = try await serving(1, in: stage)
        let strange = Self.second.id
        let orders: [Action] = [
            .restart(id, instance: "nobody", starts: 0), .replace(id, instance: "nobody"),
            .eject(id, instance: "nobody"), .readmit(id, instance: "nobody"),
            .eject(strange, instance: "nobody"),
        ]
        for (index, action) in orders.enumerated() where can(stage, action.capability) {
            try await stage.expectRefusal(of: action, operation: 10 + index)
        }
    }

    /// A slot with all traffic, and what is seen of it.
    private func serving(
        _ replicas: Int, in stage: ProviderStage
    ) async throws -> (SlotID, SlotObservation) {
        let id = Self.first.id
        try await stage.order(.start(Self.first, replicas: replicas), operation: 1)
        try await stage.settle()
        try await stage.order(.route([id: 1000]), operation: 1)
        return (id, try #require(try await stage.lane().slot(id)))
    }
}
