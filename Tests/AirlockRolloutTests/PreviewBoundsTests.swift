import AirlockAnalysis
import AirlockMemory
import AirlockModel
import AirlockRollout
import AirlockTestSupport
import Testing

@Suite("a new slot that is held to bounds before it gets traffic")
struct PreviewBoundsTests {
    /// Memory in MiB of the new slot by the second; nil for no value, and a source that is down.
    private enum Source {
        case says((Int) -> Int?)
        case down
    }

    private static let memory = HardLimit(
        signal: HardLimit.Known.memory.name, side: .above,
        threshold: SignalValue(millionths: 200 << 20 * 1_000_000), duration: .seconds(5))
    private static let errors = HardLimit(
        signal: HardLimit.Known.errorRate.name, side: .above,
        threshold: SignalValue(millionths: 20_000), duration: .zero)

    private static func strategy(checks: [PreviewCheck], deadline: Int) -> Strategy {
        .blueGreen(
            BlueGreenPlan(
                keep: .seconds(30), deadline: .seconds(deadline), limits: [errors, memory],
                preview: PreviewPlan(
                    checks: checks,
                    bounds: PreviewBounds(signals: [memory.signal], hold: .seconds(20)))))
    }

    private static func stage(
        _ kind: Change.Kind = .replace, checks: [PreviewCheck] = [], deadline: Int = 60,
        seeing source: Source
    ) -> Stage {
        let strategy = strategy(checks: checks, deadline: deadline)
        var stage =
            kind == .create
            ? Stage(.change(Stage.change(.create, strategy: strategy)))
            : Stage(kind, strategy: strategy)
        stage.signals = { question, _ in
            guard case .says(let memory) = source else { return .down("refused") }
            // Requests of checks, all of which fail: they are no errors of users.
            let seconds = question.from.milliseconds / 1000..<question.to.milliseconds / 1000
            let target = seconds.compactMap { second -> SecondCounters? in
                memory(second).map {
                    SecondCounters(
                        second: second, requests: 1, errors: question.base == nil ? 1 : 0,
                        latencyP99Microseconds: nil, cpuBasisPoints: nil, memoryBytes: $0 << 20)
                }
            }
            let base = seconds.map { second in
                SecondCounters(
                    second: second, requests: 0, errors: 0, latencyP99Microseconds: nil,
                    cpuBasisPoints: nil, memoryBytes: nil)
            }
            return .counters(target: target, base: question.base == nil ? [] : base)
        }
        return stage
    }

    private static func reason(_ stage: inout Stage, seconds: Int) -> String? {
        guard case .rolledBack(let reason)? = stage.run(seconds: seconds) else { return nil }
        return reason
    }

    @Test("kept for their time they let the switch happen, in a first deployment too")
    func kept() {
        for kind in [Change.Kind.replace, .create] {
            var stage = Self.stage(kind, seeing: .says { _ in 100 })
            #expect(stage.run(seconds: 15) == nil)
            #expect(stage.actions.count == 1, "no traffic before its time")
            #expect(stage.run(seconds: 80) == .settled)
            #expect(stage.operation.rollout.preview?.bounds?.told == "kept for 20s")
            let traffic = Action.route([Stage.new.id: 1000])
            #expect(stage.actions.count { $0 == traffic } == 1)
            #expect(stage.operation.rollout.canary?.isHarmful == false)
        }
    }

    @Test("broken they stop the new slot without traffic, with the numbers")
    func broken() {
        for kind in [Change.Kind.replace, .create] {
            var stage = Self.stage(kind, seeing: .says { 190 + $0 })
            let reason = Self.reason(&stage, seconds: 40)
            #expect(reason?.contains("memory is 2") == true, "\(reason ?? "it went on")")
            #expect(stage.actions.dropFirst() == [.stop(Stage.new.id)])
            let preview = stage.operation.rollout.preview
            #expect(preview?.verdict == .failed && preview?.bounds?.told == reason)
        }
    }

    @Test("a value beyond a bound that is not for its time begins the time anew")
    func anew() {
        var stage = Self.stage(seeing: .says { (10..<13).contains($0) ? 250 : 100 })
        #expect(stage.run(seconds: 30) == nil)
        #expect(stage.actions.count == 1)
        #expect(stage.run(seconds: 80) == .settled)
    }

    @Test("without a value nothing goes on, and the deadline gives it up")
    func silent() {
        for kind in [Change.Kind.replace, .create] {
            for source in [Source.down, .says { _ in nil }, .says { $0 < 10 ? 100 : nil }] {
                var stage = Self.stage(kind, seeing: source)
                let reason = Self.reason(&stage, seconds: 150)
                #expect(
                    reason?.hasPrefix("no progress for 60 s: preview: nobody knows memory") == true,
                    "\(reason ?? "it went on")")
                #expect(stage.actions.dropFirst() == [.stop(Stage.new.id)])
                #expect(stage.operation.rollout.preview?.verdict == .open)
            }
        }
    }

    @Test("their time does not use up the deadline, but a source that comes and goes does")
    func deadline() {
        var stage = Self.stage(deadline: 21, seeing: .says { _ in 100 })
        #expect(stage.run(seconds: 100) == .settled)
        // Never beyond for long enough to be broken, never kept for long enough to pass.
        var flapping = Self.stage(seeing: .says { $0 % 8 < 4 ? 100 : 250 })
        let reason = Self.reason(&flapping, seconds: 400)
        #expect(reason?.contains("no progress for 60 s") == true, "\(reason ?? "it went on")")
    }

    @Test("checks are asked beside them, once, and both have to pass")
    func both() {
        let checks = [PreviewCheck(path: "/health", failures: 2)]
        var stage = Self.stage(checks: checks, seeing: .says { _ in 100 })
        var asked = 0
        stage.probes = { _ in
            asked += 1
            return .answers([0: .status(200, after: .milliseconds(5))])
        }
        #expect(stage.run(seconds: 100) == .settled)
        #expect(asked == 1)
        var wrong = Self.stage(checks: checks, seeing: .says { _ in 100 })
        wrong.probes = { _ in .answers([0: .status(500, after: .milliseconds(5))]) }
        let reason = Self.reason(&wrong, seconds: 60)
        #expect(reason?.hasPrefix("the preview failed: GET /health: 500") == true)
        #expect(wrong.milliseconds < 10_000)
    }

    @Test("a lost instance, a kill and a clock that is set pass nothing early")
    func interrupted() {
        var lost = Self.stage(seeing: .says { _ in 100 })
        _ = lost.run(seconds: 15)
        lost.setHealth(Stage.new, 11)
        _ = lost.look()
        #expect(lost.operation.rollout.preview == nil)
        lost.setHealth(Stage.new, 12)
        #expect(lost.run(seconds: 15) == nil)
        #expect(lost.actions.count == 1)
        var killed = Self.stage(seeing: .says { _ in 100 })
        for _ in 0..<15 {
            _ = killed.look()
            killed.restart()
            killed.pass(60)
        }
        #expect(killed.actions.count == 1, "time in which nobody looked is no time")
        #expect(killed.run(seconds: 80) == .settled)
        for seconds in [-3_600, 3_600] {
            var set = Self.stage(seeing: .says { _ in 100 })
            _ = set.run(seconds: 5)
            set.setWall(back: seconds)
            #expect(set.run(seconds: 10) == nil)
            #expect(set.actions.count == 1)
            #expect(set.run(seconds: 100) == .settled)
        }
    }

    @Test("a value from before the slot was whole does not count")
    func sparse() {
        // A value every 15 s; the first after the instance came back is at 30 s.
        var stage = Self.stage(seeing: .says { $0 % 15 == 14 ? 100 : nil })
        _ = stage.run(seconds: 16)
        stage.setHealth(Stage.new, 11)
        _ = stage.run(seconds: 3)
        stage.setHealth(Stage.new, 12)
        #expect(stage.run(seconds: 30) == nil)
        #expect(stage.actions.count == 1, "one value is no time")
        #expect(stage.run(seconds: 100) == .settled)
    }

    @Test("what passed first does not count for ever while the other is open")
    func halves() {
        let checks = [PreviewCheck(path: "/health")]
        var memory: Int? = nil
        var late = Self.stage(checks: checks, deadline: 900, seeing: .says { _ in memory })
        var asked = 0
        late.probes = { _ in
            asked += 1
            return .answers([0: .status(200, after: .milliseconds(5))])
        }
        #expect(late.run(seconds: 400) == nil)
        #expect(asked == 2, "an answer counts for five minutes")
        memory = 100
        #expect(late.run(seconds: 100) == .settled)
        // The bounds were kept for long when the answer comes, and one is not kept by then.
        var status = 503
        var early = Self.stage(
            checks: [PreviewCheck(path: "/health", failures: 100)], deadline: 900,
            seeing: .says { $0 < 50 || $0 >= 56 ? 100 : 250 })
        early.probes = { _ in .answers([0: .status(status, after: .milliseconds(5))]) }
        #expect(early.run(seconds: 52) == nil)
        status = 200
        #expect(early.run(seconds: 3) == nil)
        #expect(early.actions.count == 1, "a bound that is not kept now is not kept")
    }

    @Test("a pass that waits for git is renewed as long as its bounds are kept")
    func renewed() {
        var stage = Self.stage(seeing: .says { _ in 100 })
        stage.course = Course(.upTo(500), nil)
        #expect(stage.run(seconds: 1_000) == nil)
        #expect(stage.operation.rollout.preview?.passed != nil)
        stage.course = Course()
        _ = stage.look()
        #expect(stage.actions.last == .route([Stage.new.id: 1000]))
    }

    @Test("a slot that uses no CPU while it is idle breaks no lower bound")
    func idleness() throws {
        let bounds = PreviewBounds(signals: [HardLimit.Known.cpu.name])
        for (side, isIncluded) in [(HardLimit.Side.above, true), (.below, false)] {
            let limit = HardLimit(
                signal: HardLimit.Known.cpu.name, side: side,
                threshold: SignalValue(millionths: 10_000), duration: .zero)
            #expect(bounds.includes(limit) == isIncluded)
        }
    }

    @Test("after the switch it is held to all bounds of the release again")
    func later() {
        var stage = Self.stage(seeing: .says { $0 < 28 ? 100 : 250 })
        let reason = Self.reason(&stage, seconds: 60)
        let told = reason ?? "it went on"
        #expect(told.contains("memory is \(250 << 20), above"), "\(told)")
        #expect(stage.actions.contains(.route([Stage.new.id: 1000])))
        #expect(stage.operation.rollout.preview?.verdict == .passed)
    }
}
