import AirlockModel
import AirlockPorts
import Testing

/// What is said about what is there.
extension ProviderContract {
    /// While nothing changes the answer is "unchanged", however often it is asked.
    package func equalStatesAreUnchanged() async throws {
        let stage = try await stage()
        try await stage.order(.start(Self.first, replicas: 1), operation: 1)
        try await stage.settle()
        let seen = try await stage.look()
        for _ in 0..<3 {
            let isUnchanged = try await stage.isUnchanged(since: seen)
            #expect(isUnchanged)
        }
        let again = try await stage.look()
        #expect(again == seen)
    }

    /// After anything that changes what would be seen the answer is a new one, time included.
    package func anyChangeChangesTheAnswer() async throws {
        let stage = try await stage()
        var seen = try await stage.look()
        var actions: [Action] = [.start(Self.first, replicas: 1), .route([Self.first.id: 1000])]
        if can(stage, .scale) { actions.append(.scale(Self.first.id, replicas: 2)) }
        actions.append(.stop(Self.first.id))
        for (index, action) in actions.enumerated() {
            try await stage.order(action, operation: index + 1)
            seen = try await expectNews(from: stage, since: seen)
            guard stage.subject.startup > .zero, index == 0 else { continue }
            #expect(seen.until != nil, "when an instance will be healthy is known")
            try await stage.settle()
            seen = try await expectNews(from: stage, since: seen)
            #expect(seen.lanes[Self.lane]?.slot(Self.first.id)?.healthyCount == 1)
        }
        let next = stage.under(ProviderStage.claim(ledger: 1, epoch: 2))
        _ = try await next.take()
        seen = try await expectNews(from: stage, since: seen)
        #expect(seen.claim == next.claim)
    }

    private func expectNews(
        from stage: ProviderStage, since seen: Observation,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> Observation {
        let isUnchanged = try await stage.isUnchanged(since: seen)
        #expect(!isUnchanged, sourceLocation: sourceLocation)
        let now = try await stage.look()
        #expect(now.revision != seen.revision, sourceLocation: sourceLocation)
        return now
    }

    /// An answer about some lanes is the whole answer, restricted to them.
    package func filtersRestrict() async throws {
        let stage = try await stage()
        let names = ["cart", "checkout", "search"]
        let lanes = names.map { Build.lane("testing/\($0)") }
        for (index, lane) in lanes.enumerated() {
            try await stage.order(
                .start(Build.slot(names[index]), replicas: 1), operation: index + 1, in: lane)
        }
        try await stage.settle()
        let all = try await stage.look()
        #expect(all.lanes.keys.sorted() == lanes)
        let elsewhere = [Build.lane("testing/absent"), Build.lane("production/cart")]
        for wanted in [Set(lanes.prefix(1)), Set(lanes.dropFirst() + elsewhere), []] {
            let some = try await stage.look(at: wanted)
            #expect(some.lanes == all.lanes.filter { wanted.contains($0.key) })
            #expect(some.claim == all.claim && some.environment == all.environment)
        }
        // What was said about one lane says nothing about the others.
        let one = try await stage.look(at: [lanes[0]])
        try await stage.order(.stop(Build.slot(names[1]).id), operation: 9, in: lanes[1])
        let isUnchanged = try await stage.isUnchanged(since: one)
        #expect(!isUnchanged)
    }

    /// What is there under another fleet's name is neither shown nor touched.
    package func fleetsDoNotSeeEachOther() async throws {
        let stage = try await stage()
        let other = Build.fleetName("bakery")
        try await stage.order(.start(Self.first, replicas: 1), operation: 1)
        try await stage.order(.start(Self.second, replicas: 2), operation: 2, of: other)
        try await stage.settle()
        let (ours, theirs) = (try await stage.look(), try await stage.look(of: other))
        #expect(ours.lanes[Self.lane]?.slots.map(\.id) == [Self.first.id])
        #expect(theirs.lanes[Self.lane]?.slots.map(\.id) == [Self.second.id])
        try await stage.order(.stop(Self.second.id), operation: 3)
        let left = try await stage.look(of: other)
        #expect(left.lanes == theirs.lanes)
    }

    /// A provider that cannot know answers with an error, never with less than there is.
    package func unknownIsNotAbsent() async throws {
        let stage = try await stage()
        try await stage.order(.start(Self.first, replicas: 1), operation: 1)
        try await stage.settle()
        let before = try await stage.look()
        try await stage.subject.cutOff(true)
        for lanes in [nil, Set([Self.lane])] {
            for revision in [nil, before.revision] {
                await #expect(throws: ProviderError.self) {
                    _ = try await stage.subject.provider.observe(
                        Self.environment, of: Build.fleetName(), lanes: lanes, since: revision)
                }
            }
        }
        do {
            _ = try await stage.order(.stop(Self.first.id), operation: 2)
            Issue.record("an order was answered although nothing gets through")
        } catch { #expect(error.isOutcomeUnknown) }
        await #expect(throws: ProviderError.self) { _ = try await stage.take() }
        try await stage.subject.cutOff(false)
        let after = try await stage.look()
        #expect(after.lanes == before.lanes)
    }
}
