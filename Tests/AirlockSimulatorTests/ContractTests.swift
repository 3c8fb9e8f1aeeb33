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

    private static func subject(_ bench: Bench, keeping folder: Folder? = nil) -> ProviderContract.Subject {
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
