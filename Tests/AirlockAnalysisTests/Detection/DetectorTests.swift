import AirlockAnalysis
import Testing

struct DetectorTests {
    @Test(
        "a score depends on the value and the ones before it alone", arguments: TrialFamily.allCases
    )
    func causality(family: TrialFamily) {
        let series = TrialSeries(family, seed: 3).first(1_200)
        let whole = scores(series)
        for end in [1, 151, 700] { #expect(scores(series.first(end)) == Array(whole.prefix(end))) }
    }

    @Test("the same values give the same scores")
    func determinism() {
        let series = TrialSeries(.diurnalCPU, seed: 4).first(2_000)
        #expect(scores(series) == scores(series))
    }

    @Test("a score is a number from 0 to 1", arguments: TrialFamily.allCases)
    func range(family: TrialFamily) {
        #expect(
            scores(TrialSeries(family, seed: 5).first(2_000)).allSatisfy { (0...1).contains($0) })
    }

    @Test("no value there is breaks the score")
    func extremes() {
        var detector = Detector()
        let odd: [Double] = [
            0, .nan, .infinity, -.infinity, .greatestFiniteMagnitude, -.greatestFiniteMagnitude,
            .leastNonzeroMagnitude, -0.0, 1e300, -1e-300,
        ]
        for number in 0..<3_000 {
            let time: Double? = number % 7 == 0 ? nil : number % 11 == 0 ? .nan : Double(number)
            let score = detector.score(odd[number % odd.count], at: time)
            #expect((0...1).contains(score))
        }
        #expect((0...1).contains(detector.score(1, at: -1e300)))
    }

    @Test("the memory does not grow with the series")
    func memory() {
        var detector = Detector()
        var dice = TrialRandom(seed: 1)
        var sizes: [Int] = []
        for number in 0..<6_000 {
            let noise = Double(dice.next() >> 40) / 1e7
            _ = detector.score(noise, at: Double(number) * 300)
            if number == 999 || number == 5_999 { sizes.append(storedNumbers(in: detector)) }
        }
        #expect(sizes[0] == sizes[1])
        #expect(sizes[0] < 4_000)
    }

    @Test("the first 150 values score 0")
    func learning() {
        #expect(scores(TrialSeries(.tailLatency, seed: 6).first(150)).allSatisfy { $0 == 0 })
    }

    @Test("a higher sensitivity gives more alarms")
    func sensitivity() {
        let levels = [0, 0.25, 0.5, 0.75, 1].compactMap(Sensitivity.init)
        let series = [TrialFamily.diurnalCPU, .burstCounts, .tailLatency, .travelTime].map {
            TrialSeries($0, seed: 8).first(4_000)
        }
        let counts = levels.map { level in
            series.map { scores($0, level).count { $0 >= 0.5 } }.reduce(0, +)
        }
        #expect(counts == counts.sorted())
        #expect(counts[0] < counts[2] && counts[2] < counts[4])
    }

    @Test("up to the first alarm a higher sensitivity never lowers a score")
    func monotone() throws {
        let series = TrialSeries(.tailLatency, seed: 8).first(2_000)
        let low = scores(series, try #require(Sensitivity(0.3)))
        let high = scores(series, try #require(Sensitivity(0.6)))
        let end = high.firstIndex { $0 >= 0.5 } ?? high.count - 1
        #expect(end > 150)
        #expect(zip(low, high).prefix(end + 1).allSatisfy { $0 <= $1 })
    }

    @Test("a sensitivity is a number from 0 to 1", arguments: [-0.1, 1.1, .nan, .infinity])
    func noSensitivity(value: Double) { #expect(Sensitivity(value) == nil) }

    private func storedNumbers(in value: Any) -> Int {
        let mirror = Mirror(reflecting: value)
        guard !mirror.children.isEmpty else { return 1 }
        return mirror.children.reduce(0) { $0 + storedNumbers(in: $1.value) }
    }
}

/// Values with their times.
struct Points {
    var times: [Double]
    var values: [Double]

    func first(_ count: Int) -> Points {
        Points(times: Array(times.prefix(count)), values: Array(values.prefix(count)))
    }
}

extension TrialSeries {
    func first(_ count: Int) -> Points { Points(times: times, values: values).first(count) }
}

func scores(_ points: Points, _ sensitivity: Sensitivity = .standard) -> [Double] {
    var detector = Detector(sensitivity: sensitivity)
    return zip(points.values, points.times).map { detector.score($0, at: $1) }
}
