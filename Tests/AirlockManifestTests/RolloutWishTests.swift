import AirlockManifest
import AirlockModel
import AirlockTestSupport
import Testing

@Suite("the rollout that a release asks for")
struct RolloutWishTests {
    private func read(_ text: String) -> (release: Release?, problems: [String]) {
        let start = "artifact: \(Build.artifact("checkout"))\nreplicas: 1\n"
        let (value, problems) = DecodedDocument.read(Array((start + text).utf8), as: .release)
        guard case .release(let release)? = value else {
            return (nil, problems.map { $0.diagnostic(at: "f").description })
        }
        return (release, problems.map { $0.diagnostic(at: "f").description })
    }

    @Test("its words and its bound are read, and left out it proceeds")
    func words() {
        #expect(read("").release?.rollout == .proceed)
        #expect(read("rollout: hold\n").release?.rollout == .hold)
        #expect(read("rollout: abort\n").release?.rollout == .abort)
        #expect(
            read("strategy: canary\nrollout: {upTo: 2.5%}\n").release?.rollout == .upTo(25))
        for wish in [RolloutWish.proceed, .hold, .abort, .upTo(25), .upTo(250)] {
            #expect(read("strategy: canary\nrollout: \(wish.text)\n").release?.rollout == wish)
        }
    }

    @Test(
        "what cannot be meant is refused with the right form",
        arguments: [
            ("rollout: stop\n", "`proceed`, `hold`, `abort`"),
            ("rollout: {upTo: 25%}\n", "`upTo` bounds the new slot's share"),
            ("strategy: canary\nrollout: {upTo: 25}\n", "write 25%"),
            ("strategy: canary\nrollout: {upTo: 0.15%}\n", "in steps of 0.1%"),
            (
                "strategy: {canary: {steps: [5%, {weight: 100%, requires: approval}]}}\n",
                "the step of 100% is the end"
            ),
            ("strategy: {canary: {steps: [{hold: 5m}, 100%]}}\n", "`weight` is missing"),
            ("strategy: {canary: {steps: [{weight: 5%, requires: luck}, 100%]}}\n", "`approval`"),
        ])
    func refused(text: String, expected: String) {
        let found = read(text).problems
        #expect(found.count == 1 && found[0].contains(expected), "\(found)")
    }

    @Test("a step has its share, its own time, no analysis and a person's word")
    func steps() {
        let text = """
            strategy:
              canary:
                steps: [1%, {weight: 5%, hold: 30m, analysis: off, requires: approval}, 100%]

            """
        guard case .canary(let plan)? = read(text).release?.strategy else {
            Issue.record("\(read(text).problems)")
            return
        }
        #expect(plan.steps == [10, 50, 1000])
        #expect(plan.rule(at: 0) == CanaryPlan.StepRule())
        #expect(
            plan.rule(at: 1)
                == CanaryPlan.StepRule(hold: .seconds(1800), isJudged: false, needsApproval: true))
        #expect(plan.hold(at: 0) == plan.hold && plan.hold(at: 1) == .seconds(1800))
    }
}
