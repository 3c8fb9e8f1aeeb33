import AirlockAnalysis
import AirlockMemory
import AirlockModel
import AirlockRollout
import AirlockTestSupport
import Testing

@Suite("evidence in the audit log")
struct EvidenceTests {
    private static let kinds: [ComparedMetric.Kind] = [
        .badEvents, .latency(Quantile(thousandths: 990)), .latency(Quantile(thousandths: 800)),
        .badParts, .latency(Quantile(thousandths: 900)),
    ]

    /// What looks at so many limits are judged by: errors, latencies and parts, or one of them less.
    private static func policy(limits: Int, metrics: Int) throws -> JudgedPolicy {
        JudgedPolicy(
            try JudgePolicy(
                metrics: try kinds.prefix(metrics).enumerated().map { place, kind in
                    ComparedMetric(name: try #require(SignalName("metric\(place)")), kind: kind)
                },
                limits: try (0..<limits).map { place in
                    HardLimit(
                        signal: try #require(SignalName("limit\(place)")), side: .above,
                        threshold: SignalValue(millionths: 1), duration: .zero)
                }), steps: [10, 1000])
    }

    private static func looks(
        _ count: Int, of policy: JudgedPolicy, seed: UInt64
    ) -> [JudgedLook] {
        var random = SplitMix(seed: seed)
        var time = 1_767_225_600_000
        return (0..<count).map { _ in
            time += [1000, 1000, 1000, -7_000, 0, 61_234].randomElement(using: &random) ?? 0
            let kind = Int.random(in: 0..<10, using: &random)
            let huge = Int.random(in: 0..<8, using: &random) == 0
            // Every metric of latency is about the same requests.
            let buckets = (0..<2).map { _ in
                (0..<(huge ? LatencyTally.mostBuckets : 12)).map { _ in
                    Int64.random(in: -3...1 << 31, using: &random)
                }.map { $0 % Int64(max(1, kind)) == 0 ? $0 : 0 }
            }
            let seen: JudgedLook.Seen =
                switch kind {
                case 0: .clock
                case 1: .fault(DataFault.allCases.randomElement(using: &random) ?? .down)
                default:
                    .second(
                        metrics: policy.policy.metrics.map {
                            counts(of: $0.kind, kind, buckets, isHuge: huge, &random)
                        },
                        limits: policy.policy.limits.indices.map { place in
                            (kind + place) % 4 == 0 ? nil : SignalValue(millionths: Int64(kind))
                        })
                }
            return JudgedLook(at: time, step: kind / 5, seen: seen)
        }
    }

    private static func counts(
        of kind: ComparedMetric.Kind, _ usual: Int, _ buckets: [[Int64]], isHuge: Bool,
        _ random: inout SplitMix
    ) -> JudgedLook.Counts? {
        guard usual != 9 else { return nil }
        func number() -> Int64 {
            isHuge ? Int64.random(in: .min ... .max, using: &random) : Int64(usual)
        }
        let witnesses = Witnesses((0..<usual % 3).map { _ in random.next() })
        if case .latency = kind {
            return .latencies(
                LatencyTally(canary: buckets[0], stable: buckets[1], witnesses: witnesses))
        }
        func served() -> Served {
            Served(requests: number(), badAtLeast: number(), badAtMost: number())
        }
        return .events(Tally(canary: served(), stable: served(), witnesses: witnesses))
    }

    @Test("looks are read back from their columns, and no entry of them is ever cut")
    func roundTrip() throws {
        for seed in 1...60 as ClosedRange<UInt64> {
            let policy = try Self.policy(
                limits: Int(seed % 5) * Int(seed % 5),
                metrics: Int(seed % 6 + (seed % 5 == 0 ? 1 : 0)))
            let looks = Self.looks(Int(seed) * 7, of: policy, seed: seed)
            let details = EvidenceColumns.details(of: looks, after: 12)
            var read: [JudgedLook] = []
            for detail in details {
                var draft = AuditDraft(
                    kind: .evidence, time: Timestamp(milliseconds: 0),
                    actor: Actor(id: String(repeating: "x", count: 600), kind: .git),
                    lane: Build.lane("production/checkout"), commit: Build.commit(1),
                    change: ChangeID(digest: Digest(of: [])), operation: 7,
                    artifact: Build.artifact("checkout"), outcome: "judged")
                draft.detail = detail
                let bytes = AuditEntry(sequence: 1, draft: draft).bytes
                #expect(bytes.count <= AuditEntry.maximumBytes)
                let entry = try AuditEntry(bytes: bytes)
                let part = try EvidenceColumns.looks(in: entry.draft.detail, of: policy)
                #expect(part.first == 13 + read.count)
                read += part.looks
            }
            // Without a second no column of a limit is needed.
            #expect(read == looks)
        }
    }

    @Test("a minute of steady traffic takes well under two kilobytes")
    func size() {
        var random = SplitMix(seed: 1)
        let looks = (0..<60).map { second in
            JudgedLook(
                at: 1_767_225_600_000 + second * 1000, step: 1,
                seen: .second(
                    metrics: [
                        .events(
                            Tally(
                                canary: Served(
                                    requests: Int64.random(in: 80...120, using: &random),
                                    bad: Int64.random(in: 0...2, using: &random)),
                                stable: Served(
                                    requests: Int64.random(in: 1_850...1_950, using: &random),
                                    bad: Int64.random(in: 5...15, using: &random)),
                                witnesses: second % 10 == 0
                                    ? Witnesses([random.next(), random.next()]) : .none))
                    ], limits: []))
        }
        let details = EvidenceColumns.details(of: looks, after: 0)
        let size = details.reduce(0) { sum, detail in
            sum + detail.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count + 6 }
        }
        #expect(details.count == 1 && size < 1_600, "\(size) bytes")
    }

    @Test("columns that are not looks are refused by name")
    func refused() throws {
        let policy = try Self.policy(limits: 2, metrics: 2)
        let looks = Self.looks(20, of: policy, seed: 3)
        let good = try #require(EvidenceColumns.details(of: looks, after: 0).first)
        for name in good.keys.sorted() where !name.contains("+") {
            for bad in ["", "x", "1*99999999999", "1*1*1", "*", "1,2,3", "-*20"] {
                var detail = good
                detail[name] = bad
                do throws(EvidenceFault) {
                    _ = try EvidenceColumns.looks(in: detail, of: policy)
                    Issue.record("\(name) = \(bad) was read")
                } catch {
                    // Which columns have a value for a look is said by `seen`.
                    #expect(error == .column(name) || name == "seen", "\(name) = \(bad)")
                }
            }
        }
    }

    @Test("a policy is read back as it was written, and no other spelling of it")
    func policy() throws {
        let limit = HardLimit(
            signal: HardLimit.Known.latencyP99.name, side: .above,
            threshold: SignalValue(millionths: 400_000), duration: .seconds(60))
        let policy = JudgedPolicy(
            try JudgePolicy(
                metrics: [
                    ComparedMetric(name: HardLimit.Known.errorRate.name, kind: .badParts),
                    ComparedMetric(
                        name: HardLimit.Known.latencyP99.name,
                        kind: .latency(Quantile(thousandths: 990)), weight: 3),
                ], limits: [limit], alpha: .fivePercent), steps: [10, 250, 1000])
        #expect(JudgedPolicy(policy.text) == policy)
        #expect(JudgedPolicy(policy.text + " ") == nil)
        #expect(JudgedPolicy(policy.text.replacing("250", with: "250,250")) != policy)
        #expect(JudgedPolicy("{}") == nil)
        #expect(policy.detail == ["policy": policy.text], "as in logs of old")
        for count in [12, 20, 38, JudgePolicy.mostSignals] {
            let long = try Self.policy(limits: count, metrics: 5)
            let sizes = long.detail.values.map(\.utf8.count)
            #expect(sizes.allSatisfy { $0 <= AuditEntry.maximumDetailBytes }, "\(sizes)")
            #expect(JudgedPolicy(detail: long.detail) == long)
        }
        #expect(!policy.text.contains("negligible"), "as in logs of old")
        let metric = ComparedMetric(name: HardLimit.Known.errorRate.name)
        let newer = JudgedPolicy(
            try JudgePolicy(metrics: [metric], negligible: .oneInAThousand), steps: [10, 1000])
        #expect(JudgedPolicy(newer.text)?.policy.negligible == .oneInAThousand)
    }
}
