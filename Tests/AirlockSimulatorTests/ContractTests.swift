import AirlockMemory
import AirlockModel
import AirlockPorts
import AirlockSimulator
import AirlockTestSupport
import Testing

/// The simulator does what every provider must do, in memory and in a file.
@Suite struct ContractTests {
    @Test("the world in memory keeps the contract")
    func memory() async throws {
        try await ProviderContract { Self.subject(Bench()) }.runAll()
    }

    @Test("the world in a file keeps the contract")
    func file() async throws {
        try await ProviderContract {
            let folder = try Folder()
            return Self.subject(Bench(in: folder), keeping: folder)
        }.runAll()
    }

    @Test("the contract notices a provider without a fence")
    func fence() async throws {
        let contract = Self.uncut { clock in
            SimulatedProvider(seed: 1, dropsFence: true) { clock.now().wall }
        }
        await withKnownIssue("drops the fence") { try await contract.oldWritersChangeNothing() }
    }

    @Test("the contract notices a provider that answers although it cannot see")
    func answering() async throws {
        let contract = Self.uncut { clock in SimulatedProvider(seed: 1) { clock.now().wall } }
        await withKnownIssue("answers") { try await contract.unknownIsNotAbsent() }
    }

    /// The contract on a provider whose engine is not cut off when it should be.
    private static func uncut(
        _ make: @escaping @Sendable (ManualClock) -> SimulatedProvider
    ) -> ProviderContract {
        ProviderContract {
            let clock = ManualClock()
            return ProviderContract.Subject(
                provider: make(clock), startup: .seconds(1),
                pass: { clock.advance(by: $0) }, cutOff: { _ in })
        }
    }

    private static func subject(
        _ bench: Bench, keeping folder: Folder? = nil
    ) -> ProviderContract.Subject {
        ProviderContract.Subject(
            provider: bench.world, startup: .seconds(1),
            pass: { bench.clock.advance(by: $0) },
            cutOff: { isCutOff in
                withExtendedLifetime(folder) {}
                if isCutOff {
                    try await bench.inject(.partition, lasting: .seconds(10))
                } else {
                    bench.clock.advance(by: .seconds(10))
                }
            })
    }
}
