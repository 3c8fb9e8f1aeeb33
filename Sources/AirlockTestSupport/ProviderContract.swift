import AirlockModel
package import AirlockPorts
internal import Testing

/// What every provider must do; run against each with a way of its own to let time pass.
///
/// Each part asks for a provider with nothing in it. A provider that cannot scale, or does not know keys,
/// says so by its capabilities and is not asked to.
package struct ProviderContract: Sendable {
    /// A provider with nothing in it, and what only a test may do with it.
    package struct Subject: Sendable {
        package let provider: any Provider
        /// How long an instance takes from start to healthy, in the time that `pass` lets go by.
        package let startup: Duration
        /// Lets time pass for the provider.
        package let pass: @Sendable (Duration) async throws -> Void
        /// Makes the engine unreachable until it is called with false.
        package let cutOff: @Sendable (Bool) async throws -> Void

        /// Takes a provider with nothing in it.
        package init(
            provider: any Provider, startup: Duration,
            pass: @escaping @Sendable (Duration) async throws -> Void,
            cutOff: @escaping @Sendable (Bool) async throws -> Void
        ) {
            self.provider = provider
            self.startup = startup
            self.pass = pass
            self.cutOff = cutOff
        }
    }

    /// Makes a provider with nothing in it.
    package let make: @Sendable () async throws -> Subject

    /// Takes what makes a new provider for each part.
    package init(make: @escaping @Sendable () async throws -> Subject) { self.make = make }

    /// Runs every part.
    package func runAll() async throws {
        try await slotsLiveTheirLife()
        try await slotsCannotBeEdited()
        try await slotsScale()
        try await weightsAddUp()
        try await refusedOrdersChangeNothing()
        try await labelsComeBack()
        try await whatRunsIsReportedInFull()
        try await instancesRestart()
        try await instancesAreReplaced()
        try await instancesAreEjected()
        try await strangersAreNotHealed()
        try await jobsRunOnce()
        try await jobsNeedTheirSlot()
        try await keysAreCarriedOutOnce()
        try await equalStatesAreUnchanged()
        try await anyChangeChangesTheAnswer()
        try await filtersRestrict()
        try await fleetsDoNotSeeEachOther()
        try await unknownIsNotAbsent()
        try await claimsFence()
        try await copiesFence()
        try await foreignClaimsHold()
        try await oldWritersChangeNothing()
    }

    // MARK: What the parts share

    static let environment = Build.environment("testing")
    static let lane = Build.lane("testing/checkout")
    static let first = Build.slot("checkout", 1, config: ["LEVEL": "info"], calls: ["payments"])
    static let second = Build.slot("checkout", 2, config: ["LEVEL": "info"])

    /// A provider with nothing in it that a first writer has claimed.
    func stage() async throws -> ProviderStage {
        let subject = try await make()
        let stage = ProviderStage(subject: subject, claim: ProviderStage.claim(ledger: 1, epoch: 1))
        _ = try await stage.take()
        return stage
    }

    /// Whether the provider says that it can do `needed`.
    func can(_ stage: ProviderStage, _ needed: Capability) -> Bool {
        stage.subject.provider.capabilities(of: Self.environment).contains(needed)
    }
}
