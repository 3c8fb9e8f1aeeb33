import AirlockAnalysis
import Testing

@Suite("replaying recorded signals against bounds")
struct BacktestTests {
    private func limit(_ percent: Int64, for seconds: Int) throws -> HardLimit {
        HardLimit(
            signal: try #require(SignalName("error-rate")), side: .above,
            threshold: SignalValue(millionths: percent * 10_000), duration: .seconds(seconds))
    }

    /// One value a `step`, in percent of one.
    private func series(_ percents: [Double], step: Int = 1) -> RecordedSeries {
        RecordedSeries(
            points: percents.enumerated().map { index, percent in
                RecordedSeries.Point(at: index * step * 1000, value: percent / 100)
            })
    }

    private func read(_ text: String) -> Result<RecordedSeries, SeriesFault> {
        do throws(SeriesFault) { return .success(try RecordedSeries(Array(text.utf8))) } catch {
            return .failure(error)
        }
    }

    private func fault(_ text: String) -> String? {
        guard case .failure(let fault) = read(text) else { return nil }
        return fault.sentences(in: "e.csv")
    }

    @Test("a bound acts when it was exceeded for its time, and once for one time beyond it")
    func acts() throws {
        let healthy = Array(repeating: 1.0, count: 60)
        let bad = Array(repeating: 5.0, count: 40)
        let twice = series(healthy + bad + healthy + bad + healthy)
        let replay = LimitReplay(try limit(2, for: 30), over: twice)
        #expect(replay.actions.map(\.at) == [90_000, 190_000])
        #expect(replay.actions.map(\.since) == [60_000, 160_000])
        #expect(replay.actions.first?.value == SignalValue(millionths: 50_000))
        // Ten calm seconds are fewer than thirty: the same time beyond the limit goes on.
        let flapping = series(healthy + bad + Array(repeating: 1.0, count: 10) + bad + healthy)
        #expect(LimitReplay(try limit(2, for: 30), over: flapping).actions.count == 1)
        #expect(LimitReplay(try limit(2, for: 50), over: twice).actions.isEmpty)
        #expect(LimitReplay(try limit(5, for: 0), over: twice).actions.isEmpty)
        let atOnce = LimitReplay(try limit(4, for: 0), over: twice)
        #expect(atOnce.actions.map(\.at) == [60_000, 160_000])
    }

    @Test("values far apart are read at their own pace, and a missing one fills no time")
    func coarse() throws {
        let minutes = series([1, 1, 5, 5, 5, 1, 1], step: 300)
        #expect(
            LimitReplay(try limit(2, for: 600), over: minutes).actions.map(\.at) == [1_200_000])
        let gap = series([1, 5, 5, .nan, 5, 5, 5, 1])
        #expect(LimitReplay(try limit(2, for: 3), over: gap).actions.map(\.at) == [6_000])
    }

    @Test("what people know to have been wrong tells found, late, missed and false alarms apart")
    func score() {
        let incidents = [
            KnownIncident(start: 0, end: 100_000), KnownIncident(start: 500_000, end: 600_000),
        ]
        let score = ReplayScore(
            [40_000, 90_000, 300_000, 700_000], incidents: incidents, length: 86_400_000)
        #expect(score.delays == [40_000, nil] && score.found == 1 && score.medianDelay == 40_000)
        #expect(score.falseAlarms == [300_000, 700_000] && score.falseAlarmsPerDay == 2)
        #expect(ReplayScore([], incidents: [], length: 0).falseAlarmsPerDay == nil)
    }

    @Test("the neighbours of a bound are fifteen different ones, and it is one of them")
    func neighbours() throws {
        for seconds in [0, 30] {
            let asked = try limit(2, for: seconds)
            let found = LimitReplay.neighbours(of: asked)
            #expect(Set(found).count == 15 && found.contains(asked))
            #expect(found.first?.threshold == SignalValue(millionths: 10_000))
            #expect(found.last?.threshold == SignalValue(millionths: 40_000))
        }
    }

    @Test("a line that cannot be read is told as file:line:column")
    func faults() {
        #expect(fault("time,value\n1,2\n2,x\n")?.hasPrefix("e.csv:3:3: `x` is no number.") == true)
        #expect(fault("1,2\nsoon,3\n")?.hasPrefix("e.csv:2:1: `soon` is no timestamp.") == true)
        #expect(fault("1,2\n2,3,4\n")?.hasPrefix("e.csv:2:5: has 3 fields instead of 2.") == true)
        #expect(fault("1,2\n3,3\n2,4\n")?.hasPrefix("e.csv:3:1: the time is not later") == true)
        #expect(fault("1,2\n9e18,4")?.hasPrefix("e.csv:2:1: ") == true)
        #expect(fault("time,value\n1,2\n2,\n3,4") == nil)
    }

    @Test("incidents are read with and without names and header, and a wrong one has its place")
    func incidents() throws {
        let text =
            "start,end,name\n300,400,second\n2014-04-01 00:00:00,2014-04-01 00:05:00\n"
            + "\n100,200,\"a, b\"\n"
        let found = try KnownIncident.read(Array(text.utf8))
        #expect(found.map(\.name) == ["a, b", "second", ""])
        #expect(found.map(\.start) == [100_000, 300_000, 1_396_310_400_000])
        func fault(_ text: String) -> String? {
            do throws(SeriesFault) { _ = try KnownIncident.read(Array(text.utf8)) } catch {
                return error.sentences(in: "i.csv")
            }
            return nil
        }
        #expect(fault("1,2\n5,4\n")?.hasPrefix("i.csv:2:3: the incident ends before") == true)
        #expect(fault("1,2\n5,soon\n")?.hasPrefix("i.csv:2:3: `soon` is no timestamp") == true)
        #expect(fault("1\n")?.hasPrefix("i.csv:1:1: has 1 field") == true)
    }

    @Test("a detector that learns finds the same jump without a bound")
    func learned() throws {
        let calm = (0..<400).map { 1 + Double($0 % 7) / 10 }
        let alarms = Detector.alarms(
            over: series(calm + Array(repeating: 30, count: 20), step: 60),
            sensitivity: .standard)
        #expect(alarms.first == 400 * 60_000)
    }
}
