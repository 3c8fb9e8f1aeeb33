import AirlockModel
import AirlockRollout
import AirlockTestSupport
import Testing

@Suite("a new slot that is checked before it gets traffic")
struct PreviewTests {
    private static let plan = PreviewPlan(checks: [
        PreviewCheck(path: "/health"), PreviewCheck(path: "/ready", expect: 204, failures: 2),
    ])

    private static func stage(_ kind: Change.Kind = .replace) -> Stage {
        let strategy = Strategy.blueGreen(
            BlueGreenPlan(keep: .seconds(10), deadline: .seconds(60), preview: plan))
        if kind == .create {
            return Stage(.change(Stage.change(.create, strategy: strategy)))
        }
        return Stage(kind, strategy: strategy)
    }

    private static func answers(_ first: ProbeAnswer, _ second: ProbeAnswer) -> PreviewAnswer {
        .answers([0: first, 1: second])
    }

    private static func status(_ status: Int) -> ProbeAnswer {
        .status(status, after: .milliseconds(12))
    }

    private static let right = answers(status(200), status(204))

    @Test("right answers let the switch happen, and it is asked only while it has no traffic")
    func passes() {
        var stage = Self.stage()
        var asked = 0
        stage.probes = { question in
            asked += 1
            #expect(question.slot == Stage.new.id && question.checks.count == 2)
            return Self.right
        }
        #expect(stage.run(seconds: 20) == .settled)
        #expect(asked == 1)
        #expect(
            stage.actions == [
                .start(Stage.new, replicas: 12), .route([Stage.new.id: 1000]),
                .stop(Stage.old.id),
            ])
        let told = stage.operation.rollout.preview?.checks.map(\.told)
        #expect(told == ["GET /health: 200 after 12 ms", "GET /ready: 204 after 12 ms"])
    }

    @Test("wrong answers in a row stop the new slot without traffic; what passed is asked once")
    func fails() {
        for kind in [Change.Kind.replace, .create] {
            var stage = Self.stage(kind)
            var asked: [Int] = []
            stage.probes = { question in
                asked.append(question.checks.count)
                return Self.answers(Self.status(200), Self.status(503))
            }
            let outcome = stage.run(seconds: 20)
            #expect(
                outcome
                    == .rolledBack(
                        reason: "the preview failed: GET /ready: 503 instead of 204, 2 of 2 times "
                            + "in a row"))
            #expect(asked == [2, 1])
            #expect(stage.actions.dropFirst() == [.stop(Stage.new.id)])
        }
    }

    @Test("fewer wrong answers in a row than a check allows are no failure")
    func recovers() {
        var stage = Self.stage()
        var count = 0
        stage.probes = { _ in
            count += 1
            return Self.answers(Self.status(count < 3 ? 500 : 200), Self.status(204))
        }
        #expect(stage.run(seconds: 30) == .settled)
        #expect(count == 3)
    }

    @Test("no answer decides nothing until the deadline, and nobody to ask is the same")
    func undecided() {
        let answers: [(PreviewAnswer, String)] = [
            (Self.answers(Self.status(200), .none("refused")), "GET /ready: not answered: refused"),
            (.unaddressed("no address"), "the preview checks cannot run: no address"),
        ]
        for kind in [Change.Kind.replace, .create] {
            for (answer, words) in answers {
                var stage = Self.stage(kind)
                stage.probes = { _ in answer }
                #expect(stage.run(seconds: 55) == nil)
                guard case .rolledBack(let reason)? = stage.run(seconds: 20) else {
                    Issue.record("it was not given up")
                    return
                }
                #expect(reason.hasPrefix("no progress for 60 s: "), "\(reason)")
                #expect(reason.hasSuffix(words), "\(reason)")
                #expect(stage.actions.dropFirst() == [.stop(Stage.new.id)])
            }
        }
    }

    @Test("what is known survives a kill; a pass survives neither five minutes nor a lost instance")
    func survives() {
        var stage = Self.stage()
        var asked: [Int] = []
        var second = Self.status(404)
        stage.probes = { question in
            asked.append(question.checks.count)
            return Self.answers(Self.status(200), second)
        }
        stage.course = Course(.upTo(500), nil)
        for _ in 0..<2 { _ = stage.look() }
        #expect(stage.operation.rollout.preview?.checks.map(\.wrong) == [0, 1])
        stage.restart()
        second = Self.status(204)
        stage.pass(1)
        _ = stage.look()
        #expect(asked == [2, 1] && stage.operation.rollout.preview?.passed != nil)
        // Held back by git: asked again when five minutes are over, and not before.
        _ = stage.run(seconds: 290)
        #expect(asked == [2, 1])
        _ = stage.run(seconds: 20)
        #expect(asked == [2, 1, 2])
        stage.setHealth(Stage.new, 11)
        _ = stage.look()
        #expect(stage.operation.rollout.preview == nil)
        stage.setHealth(Stage.new, 12)
        _ = stage.look()
        #expect(asked == [2, 1, 2, 2])
        // Held for hours, it is not given up for lack of progress.
        #expect(stage.run(seconds: 4_000) == nil)
        stage.course = Course()
        #expect(stage.run(seconds: 20) == .settled)
    }

    @Test("traffic that came before the checks is taken back, and then the slot is asked")
    func early() {
        for weights in [[Stage.new.id: 1000], [Stage.old.id: 950, Stage.new.id: 50]] {
            var stage = Self.stage()
            var asked = 0
            stage.probes = { _ in
                asked += 1
                return Self.right
            }
            _ = stage.look()
            stage.lane = stage.lane.after(.route(weights))
            #expect(stage.run(seconds: 30) == .settled)
            #expect(asked == 1)
            #expect(
                stage.actions.dropFirst() == [
                    .route([Stage.old.id: 1000]), .route([Stage.new.id: 1000]),
                    .stop(Stage.old.id),
                ])
        }
    }

    @Test("a slot that is not whole is not asked")
    func notWhole() {
        var stage = Self.stage()
        stage.probes = { _ in
            Issue.record("it was asked")
            return Self.right
        }
        _ = stage.look()
        stage.setHealth(Stage.new, 11)
        for _ in 0..<20 { _ = stage.look() }
        #expect(stage.lane.weights[Stage.new.id] == nil)
    }

    @Test("without checks nothing is asked")
    func none() {
        var stage = Stage(.replace, strategy: .blueGreen(BlueGreenPlan(keep: .seconds(10))))
        stage.probes = { _ in
            Issue.record("it was asked")
            return Self.right
        }
        #expect(stage.run(seconds: 20) == .settled)
        #expect(stage.operation.rollout.preview == nil)
    }
}
