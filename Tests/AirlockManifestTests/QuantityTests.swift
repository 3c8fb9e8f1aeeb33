import AirlockManifest
import AirlockModel
import Testing

@Suite("Quantities")
struct QuantityTests {
    @Test("quantities are read with their units")
    func good() {
        #expect(Quantity.duration("10m") == .seconds(600))
        #expect(Quantity.duration("1h30m") == .seconds(5_400))
        #expect(Quantity.duration("250ms") == .milliseconds(250))
        #expect(Quantity.duration("7d") == .seconds(604_800))
        #expect(Quantity.duration("1m1ms") == .milliseconds(60_001))
        #expect(Quantity.duration("999999d999999h999999m999999s999999ms") != nil)
        #expect(Quantity.share("0.5%") == Share(basisPoints: 50))
        #expect(Quantity.share("100.0%") == .whole)
        #expect(Quantity.share("99.99%") == Share(basisPoints: 9_999))
        #expect(Quantity.milliCPU("500m") == 500)
        #expect(Quantity.milliCPU("2") == 2_000)
        #expect(Quantity.memoryBytes("256Mi") == 256 << 20)
        #expect(Quantity.memoryBytes("64M") == 64_000_000)
        #expect(Quantity.memoryBytes("999999Ti") != nil)
        #expect(Quantity.milliRate("50/s") == 50_000)
        #expect(Quantity.milliRate("0.5/s") == 500)
        #expect(Quantity.milliRate("30/m") == 500)
        #expect(Quantity.growthPerMinute("10Mi/m") == 10 << 20)
        #expect(Quantity.millionths("-0.25") == -250_000)
        #expect(Quantity.millionths("999999999999.999999") == 999_999_999_999_999_999)
    }

    @Test(
        "what has no unit, a wrong unit or a wrong order is refused",
        arguments: ["", "10", "10x", "5s10m", "1.5h", "-1s", "1m1m", "10 m", "s", "1000000d", "１s"])
    func badDurations(text: String) { #expect(Quantity.duration(text) == nil) }

    @Test(
        "what is not exactly a percentage is refused",
        arguments: ["5", "101%", "100.1%", "1.%", ".5%", "1.234%", "-1%", "099%"])
    func badShares(text: String) { #expect(Quantity.share(text) == nil) }

    @Test("each form accepts exactly what its pattern in the schema matches")
    func patterns() throws {
        let forms: [Form] = [
            .words, .name("service name"), .artifact, .digest, .duration, .delay, .delayOrNever,
            .share, .cpu, .memory, .growth, .rate, .urlPath, .configKey, .choice(["one", "two"]),
            .number, .signalName,
        ]
        let digest = String(repeating: "0123456789abcdef", count: 4)
        let pieces = [
            "0", "1", "9", "12", "100", "999999", "1000000", "d", "h", "m", "s", "ms", "%", ".",
            "/",
            "k", "Ki", "Mi", "G", "/s", "/m", "never", "one", "a", "Z", "_", "-", " ", "é",
            "sha256:",
            "@sha256:" + digest, digest, "registry.example", "x:5000", "/healthz",
        ]
        var random = Seeded(state: 7)
        var agreed: [Bool: Int] = [:]
        for form in forms {
            let pattern = try Regex(form.pattern)
            for _ in 0..<1_500 {
                let count = Int.random(in: 0...5, using: &random)
                let text = (0..<count).compactMap { _ in pieces.randomElement(using: &random) }
                    .joined()
                let matches = try pattern.wholeMatch(in: text) != nil
                #expect(form.accepts(text) == matches, "\(form): \(text)")
                agreed[matches, default: 0] += 1
            }
        }
        #expect((agreed[true] ?? 0) > 1_000)
    }

    @Test("the nearest word is found, and none where all are far")
    func nearest() {
        let record = ManifestKind.release.record.keys.map(\.name)
        #expect(record.contains("replicas"))
        #expect(
            messages(.release, MemoryTree.release("a") + "verison: 1\n") == [
                "f:3:1: unknown key `verison` in a release file: did you mean `version`?"
            ])
        #expect(
            messages(.release, MemoryTree.release("a") + "zzz: 1\n").first?.contains(
                "the keys here are `artifact`") == true)
    }
}
