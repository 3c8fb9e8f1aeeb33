import AirlockEngine
import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockSimulator

/// The steps of a run, and how each is taken.
extension SeededRun {
    enum Step {
        case merge
        /// One lane goes to another artifact, back, and there again.
        case backAndForth
        case fault(SimulatedFault.Kind)
        case time
        case clockStep
        case reboot
        case freeze
        case thaw
        case retry
        /// Someone accepts a rewritten history.
        case acceptRewrite
        /// The process is killed between two looks.
        case kill
        /// The process is killed within a write to its journal.
        case killInWrite(MemoryLedger.Crash.Point)
        /// The process is killed while an order is on the way.
        case killInOrder
        /// The process before the last one looks once more.
        case staleProcess
        case fetchFails
        /// A commit whose fleet cannot be read, or is another's.
        case badCommit
        /// A commit with a service that cannot be read.
        case badService
        /// A commit that lost its services.
        case lostServices
        /// A commit that lost an environment while it deploys.
        case lostEnvironment
        case lostBlob
        case forcePush
        /// A watched release turns bad after it has settled.
        case turnsBad
        /// One build is asked for everywhere at once; later environments have to wait for its test.
        case promotion
    }

    private static let others: [Step] = [
        .merge, .merge, .merge, .backAndForth, .time, .time, .clockStep, .reboot, .freeze, .thaw,
        .retry, .kill, .killInOrder, .staleProcess, .fetchFails, .badCommit, .badService,
        .lostServices, .lostEnvironment, .lostBlob, .forcePush, .acceptRewrite,
    ]

    /// Three to six kinds of fault, merges, a clock that is set and kills at journal steps, mixed.
    func steps() -> [Step] {
        var steps: [Step] = [.merge, .backAndForth, .clockStep, .killInOrder]
        steps += MemoryLedger.Crash.Point.allCases.map(Step.killInWrite)
        let kinds = dice.shuffle(faults()).prefix(dice.roll(3...6))
        for kind in kinds {
            for _ in 0..<dice.roll(1...3) { steps.append(.fault(kind)) }
        }
        if shop.demands.watchedEnvironment != nil { steps.append(.turnsBad) }
        if shop.demands.testsBuilds { steps += [.promotion, .promotion] }
        let length = dice.roll(30...45)
        while steps.count < length { steps.append(dice.pick(Self.others) ?? .merge) }
        return dice.shuffle(steps)
    }

    private func faults() -> [SimulatedFault.Kind] {
        [
            .refuse, .loseAnswer, .loseOrder, .half, .deliverTwice,
            .late(.seconds(dice.roll(1...40))), .partition, .loseInstance,
            .driftReplicas(dice.roll(0...5)), .driftTraffic,
            .driftConfig, .driftStop, .driftForeign,
        ]
    }

    /// Takes a step, and mostly lets the process work on what it came to.
    func take(_ step: Step) async throws {
        switch step {
        case .merge: merge()
        case .backAndForth: try await backAndForth()
        case .fault(let kind): try await inject(kind)
        case .time: try await work(rounds: dice.roll(1...5))
        case .clockStep: clock.step(wall: .seconds(dice.roll(-3600...3600)))
        case .reboot:
            clock.reboot()
            pass(.seconds(dice.roll(1...90)))
            try await start()
        case .freeze, .thaw, .retry: await steer(step)
        case .acceptRewrite:
            guard let commit = ledger.durable({ state, _ in state.rewrite?.commit }) else { break }
            await ask(.acceptRewrite(commit))
        case .kill:
            if !isRunning { stale = engine }
            try await start()
        case .killInWrite(let point):
            let commit = ledger.commits + dice.roll(1...8)
            ledger.inject(MemoryLedger.Crash(commit: commit, point: point))
            merge()
            try await work(rounds: 2)
        case .killInOrder:
            wire?.stall(after: dice.roll(0...3))
            merge()
            try await work(rounds: 2)
        case .staleProcess: try await lookAsStaleProcess()
        case .turnsBad: try await turnBad()
        case .promotion:
            shop.set(ReleaseDemands.tested, version: dice.roll(1...12))
            repository.merge(shop.files)
            try await work(rounds: dice.roll(2...5))
        case .fetchFails, .badCommit, .badService, .lostServices, .lostEnvironment, .lostBlob,
            .forcePush:
            try await disturbSource(step)
        }
        if dice.chance(80) { try await work(rounds: dice.roll(1...2)) }
    }

    /// Looks and lets time pass, in turns.
    func work(rounds: Int) async throws {
        for _ in 0..<rounds where witness.violations.isEmpty {
            try await go(on: !isRunning || dice.flip())
            try await look()
            pass(.milliseconds(dice.pick([100, 1_000, 2_000, 5_000, 20_000]) ?? 0))
        }
    }

    // MARK: Git

    func merge() {
        for _ in 0..<dice.roll(1...3) { shop.edit(&dice) }
        if dice.chance(70) { repository.merge(shop.files) } else { repository.commit(shop.files) }
    }

    private func backAndForth() async throws {
        guard let (service, environment) = dice.pick(shop.lanes) else { return }
        let first = dice.roll(1...4)
        for version in [first, first + 8, first, first + 8] {
            shop.set(service, environment, version: version)
            repository.merge(shop.files)
            if dice.chance(60) { try await work(rounds: dice.roll(1...3)) }
        }
    }

    private func disturbSource(_ step: Step) async throws {
        var files = shop.files
        switch step {
        case .fetchFails:
            let error = dice.pick([SourceError.timedOut(after: .seconds(60)), .busy]) ?? .busy
            repository.failNextFetches(Array(repeating: error, count: dice.roll(1...3)))
            return
        case .badCommit:
            files["fleet.yaml"] =
                dice.flip()
                ? "nonsense: [" : files["fleet.yaml"]?.replacing("name: shop", with: "name: other")
        case .badService:
            guard let (service, _) = dice.pick(shop.lanes) else { return }
            files["services/\(service)/service.yaml"] = "prot: 1\n"
        case .lostServices: files = files.filter { !$0.key.hasPrefix("services/") }
        case .lostEnvironment:
            merge()
            try await work(rounds: 1)
            files = shop.files
            files["environments/\(dice.pick(shop.environments) ?? "").yaml"] = nil
        case .lostBlob:
            merge()
            if let (service, environment) = dice.pick(shop.lanes) {
                repository.lose("services/\(service)/\(environment).yaml")
            }
            try await work(rounds: 1)
            return repository.mend()
        case .forcePush:
            guard let old = repository.head, let base = repository.parent(of: old) else { return }
            repository.reset(to: base)
            shop.edit(&dice)
            repository.commit(shop.files, subject: "rewritten")
            return
        case .merge, .backAndForth, .fault, .time, .clockStep, .reboot, .freeze, .thaw, .retry,
            .acceptRewrite, .kill, .killInWrite, .killInOrder, .staleProcess, .turnsBad,
            .promotion:
            return
        }
        repository.merge(files, subject: "bad")
        try await work(rounds: dice.roll(1...2))
        repository.commit(shop.files, subject: "good again")
    }

    // MARK: Faults and people

    private func inject(_ kind: SimulatedFault.Kind) async throws {
        let lane = dice.pick(shop.lanes).map { Name.lane("\($0.environment)/\($0.service)") }
        let environment = Name.environment(dice.pick(shop.environments) ?? "production")
        var scope = Freeze.Scope.environment(environment)
        if kind != .partition, let lane, dice.chance(60) { scope = .lane(lane) }
        let isPartition = kind == .partition
        let fault = SimulatedFault(
            kind: kind, scope: scope, times: isPartition ? nil : dice.roll(1...3),
            lasting: .seconds(dice.roll(5...60)))
        faultKinds.insert("\(kind)")
        try await look()
        try await world.inject(fault)
        witness.disturb(scope)
        if dice.flip() { merge() }
    }

    private func steer(_ step: Step) async {
        guard let (service, environment) = dice.pick(shop.lanes) else { return }
        let lane = Name.lane("\(environment)/\(service)")
        let scope = dice.flip() ? Freeze.Scope.lane(lane) : .environment(lane.environment)
        switch step {
        case .freeze:
            let lasting = dice.flip() ? Duration.seconds(dice.roll(5...120)) : nil
            await ask(.freeze(scope, reason: "a look around", lasting: lasting))
        case .thaw: await ask(.thaw(scope))
        case .retry: await ask(.retry(lane))
        case .merge, .backAndForth, .fault, .time, .clockStep, .reboot, .acceptRewrite, .kill,
            .killInWrite, .killInOrder, .staleProcess, .fetchFails, .badCommit, .badService,
            .lostServices, .lostEnvironment, .lostBlob, .forcePush, .turnsBad, .promotion:
            return
        }
    }

    /// A process that was replaced must do nothing, and learn that it was.
    private func lookAsStaleProcess() async throws {
        guard let stale else { return }
        merge()
        try await tick()
        try await look()
        do {
            _ = try await stale.tick()
        } catch {
            self.stale = nil
        }
        try await look()
    }
}
