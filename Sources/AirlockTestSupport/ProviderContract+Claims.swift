import AirlockModel
import AirlockPorts
import Testing

/// Claims, fences and keys.
extension ProviderContract {
    /// The same key is carried out once, and the second answer says so.
    package func keysAreCarriedOutOnce() async throws {
        let stage = try await stage()
        guard can(stage, .idempotency) else { return }
        let start = Action.start(Self.first, replicas: 2)
        let receipts = [
            try await stage.order(start, operation: 1), try await stage.order(start, operation: 1),
        ]
        #expect(receipts == [Receipt(), Receipt(repeated: true)])
        try await stage.settle()
        try await stage.order(.stop(Self.first.id), operation: 2)
        // It was carried out once: what was stopped since does not come back.
        let late = try await stage.order(start, operation: 1)
        #expect(late.repeated)
        let gone = try await stage.look()
        #expect(gone.lanes.isEmpty)
        // Another operation is another order, though it asks for the same.
        let again = try await stage.order(start, operation: 3)
        #expect(!again.repeated)
        let back = try await stage.lane()
        #expect(back.slot(Self.first.id)?.replicas == 2)
    }

    /// The same ledger takes its environment with a higher epoch and is fenced with a lower one.
    package func claimsFence() async throws {
        let subject = try await make()
        let second = ProviderStage(
            subject: subject, claim: ProviderStage.claim(ledger: 1, epoch: 2))
        let unclaimed = try await second.look()
        #expect(unclaimed.claim == nil)
        let third = second.under(ProviderStage.claim(ledger: 1, epoch: 3))
        for stage in [second, second, third, third] {
            let stored = try await stage.take()
            let seen = try await stage.look().claim
            #expect(stored == stage.claim && seen == stage.claim)
        }
        await #expect(throws: ProviderError.fenced(by: third.claim)) { try await second.take() }
        await #expect(throws: ProviderError.fenced(by: third.claim)) {
            try await second.take(over: true)
        }
        let seen = try await third.look().claim
        #expect(seen == third.claim)
    }

    /// Of two writers with the same epoch, one of them of a copy of the ledger, the first one has it.
    package func copiesFence() async throws {
        let first = try await stage().under(ProviderStage.claim(ledger: 1, epoch: 2, writer: 1))
        let copy = first.under(ProviderStage.claim(ledger: 1, epoch: 2, writer: 2))
        for _ in 0..<2 {
            let stored = try await first.take()
            #expect(stored == first.claim)
        }
        await #expect(throws: ProviderError.fenced(by: first.claim)) { try await copy.take() }
        await #expect(throws: ProviderError.fenced(by: first.claim)) {
            try await copy.order(.start(Self.first, replicas: 1), operation: 1)
        }
        try await first.order(.start(Self.first, replicas: 1), operation: 1)
        let next = first.under(first.claim.takingOver(first.claim))
        let taken = try await next.take()
        #expect(taken.epoch == Epoch(3))
    }

    /// Another ledger's environment is refused, unless it is taken over with the next epoch.
    package func foreignClaimsHold() async throws {
        let stage = try await stage().under(ProviderStage.claim(ledger: 1, epoch: 41))
        _ = try await stage.take()
        let other = stage.under(ProviderStage.claim(ledger: 2, epoch: 3))
        await #expect(throws: ProviderError.foreignClaim(stage.claim)) { try await other.take() }
        let kept = try await stage.look().claim
        #expect(kept == stage.claim)
        let taken = try await other.take(over: true)
        #expect(taken == ProviderStage.claim(ledger: 2, epoch: 42))
        let seen = try await stage.look().claim
        #expect(seen == taken)
        await #expect(throws: ProviderError.foreignClaim(taken)) { try await stage.take() }
    }

    /// Orders of a fenced writer, and of another ledger, have no effect.
    package func oldWritersChangeNothing() async throws {
        let old = try await stage()
        try await old.order(.start(Self.first, replicas: 1), operation: 1)
        try await old.settle()
        let new = old.under(ProviderStage.claim(ledger: 1, epoch: 2))
        _ = try await new.take()
        let before = try await new.look()
        let foreign = old.under(ProviderStage.claim(ledger: 2, epoch: 9))
        let actions: [Action] = [
            .start(Self.second, replicas: 1), .route([Self.first.id: 1000]),
            .stop(Self.first.id),
            // A key that was carried out is no way round the fence.
            .start(Self.first, replicas: 1),
        ]
        for (index, action) in actions.enumerated() {
            let operation = index == actions.count - 1 ? 1 : index + 2
            await #expect(throws: ProviderError.fenced(by: new.claim)) {
                try await old.order(action, operation: operation)
            }
            await #expect(throws: ProviderError.foreignClaim(new.claim)) {
                try await foreign.order(action, operation: operation)
            }
        }
        let after = try await new.look()
        #expect(after == before)
        try await new.order(.route([Self.first.id: 1000]), operation: 2)
    }
}
