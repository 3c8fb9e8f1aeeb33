import AirlockManifest
import AirlockModel
import Testing

@Suite("healing in an environment") struct HealingReaderTests {
    private func decode(_ healing: String) -> DecodedFleet {
        let files = [
            "fleet.yaml": "airlock: 1\nname: shop\norder: [production]\n",
            "environments/production.yaml": "tier: production\n\(healing)\n",
            "services/api/service.yaml": "port: 80\n",
        ]
        return FleetValidation.decode(
            files.map { FleetValidation.File(path: $0.key, bytes: Array($0.value.utf8)) })
    }

    private func policy(_ healing: String) throws -> HealingPolicy? {
        let decoded = decode(healing)
        #expect(decoded.diagnostics.isEmpty, "\(decoded.diagnostics)")
        return try #require(decoded.fleet?.environments.values.first).healing
    }

    @Test("it is off when it is left out and when it says so, and has defaults when it is empty")
    func off() throws {
        #expect(try policy("") == nil)
        #expect(try policy("healing: off") == nil)
        #expect(try policy("healing: {}") == HealingPolicy())
    }

    @Test("every key is read")
    func full() throws {
        let read = try policy(
            "healing: {restarts: 5 per 1h30m, ejectedShare: 20%, afterChange: 0s, "
                + "scale: {above: 60%, below: 20%}, dryRun: [restart, replace, eject, scale]}")
        #expect(
            read
                == HealingPolicy(
                    budget: .init(count: 5, window: .seconds(5_400)),
                    ejectedShare: Share(basisPoints: 2_000), afterChange: .zero,
                    scaleAbove: Share(basisPoints: 6_000), scaleBelow: Share(basisPoints: 2_000),
                    dryRun: Set(HealingRule.allCases)))
    }

    @Test("a lower bound that is not written follows the upper one")
    func lowerBound() throws {
        let read = try policy("healing: {restarts: 3 per 10m, scale: {above: 50%}}")
        #expect(read?.scaleBelow.basisPoints == 2_500)
    }

    @Test(
        "what cannot be is refused with the right form",
        arguments: [
            ("{restarts: 3}", "3 per 10m"), ("{restarts: 0 per 10m}", "3 per 10m"),
            ("{restarts: 51 per 10m}", "at most 50"), ("{restarts: 3 per 0s}", "3 per 10m"),
            ("{restarts: 3 per 10ms}", "3 per 10m"), ("{restart: 3 per 10m}", "`restarts`"),
            ("{dryRun: [reboot]}", "restart"), ("{dryRun: []}", "dryRun"),
            ("{scale: {above: 50%, below: 30%}}", "more than half"), ("on", "off"),
        ])
    func refused(healing: String, advice: String) throws {
        let found = decode("healing: \(healing)").diagnostics
        let first = try #require(found.first, "\(healing)")
        #expect(found.count == 1 && first.path == "environments/production.yaml")
        #expect(first.description.contains(advice), "\(first)")
    }
}
