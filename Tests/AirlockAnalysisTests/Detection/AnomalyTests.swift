import AirlockAnalysis
import Testing

/// What a person would see in a chart is found, and what is usual is left alone.
struct AnomalyTests {
    /// Something that goes wrong with a signal of a daily course, from point 3,000 on.
    enum Fault: CaseIterable {
        case spike, shift, drift, flat, zero, noise, seasonBreak, calm
    }

    @Test("a fault is found while it lasts", arguments: Fault.allCases)
    func found(fault: Fault) {
        let points = signal(fault: fault)
        let alarms = alarms(points)
        #expect(alarms.contains { (3_000..<3_200).contains($0) }, "\(fault): \(alarms)")
        #expect(alarms.count { $0 < 3_000 } <= 2, "\(fault): \(alarms)")
    }

    @Test("a healthy signal is quiet")
    func healthy() { #expect(alarms(signal(fault: nil)).count <= 2) }

    @Test("a signal that never changes is quiet")
    func constant() {
        let points = Points(times: times(4_000), values: [Double](repeating: 7, count: 4_000))
        #expect(alarms(points).isEmpty)
    }

    @Test("rare spikes that belong to a signal do not alarm for ever")
    func usualSpikes() {
        let values = (0..<8_000).map { (number: Int) -> Double in
            number % 97 == 0 ? 50 : 1 + Double(number * 37 % 11) / 10
        }
        let alarms = alarms(Points(times: times(8_000), values: values))
        #expect(alarms.count { $0 > 1_000 } <= 1, "\(alarms)")
    }

    @Test("after an alarm there is quiet for a while")
    func quiet() {
        let points = signal(fault: .shift)
        let near = alarms(points).filter { (3_000..<3_200).contains($0) }
        #expect(near.count == 1)
    }

    @Test("a fault far larger than the one that was told is told in the quiet after it, too")
    func louder() {
        var points = signal(fault: nil)
        points.values[3_000] += 60
        for index in 3_030..<3_090 { points.values[index] *= 20 }
        let near = alarms(points)
        #expect(near.contains(3_000) && near.contains { (3_030..<3_090).contains($0) }, "\(near)")
    }

    @Test(
        "one wrong value hides nothing that comes after it",
        arguments: [20, 600, 1e6], [250, 500, 900])
    func glitch(times: Double, before: Int) {
        var points = signal(fault: .shift)
        points.values[3_000 - before] *= times
        let alarms = alarms(points)
        #expect(alarms.contains { (3_000..<3_200).contains($0) }, "\(alarms)")
    }

    @Test("a missing value scores 0 and changes nothing")
    func missing() {
        let points = signal(fault: nil)
        var whole = Detector()
        var holed = Detector()
        for (index, value) in points.values.enumerated() {
            if index % 50 == 7 { #expect(holed.score(.nan, at: points.times[index]) == 0) }
            #expect(
                holed.score(value, at: points.times[index])
                    == whole.score(value, at: points.times[index]))
            if index > 100 { return }
        }
    }

    @Test("values that stay away far longer than ever before are told once")
    func silence() {
        var points = signal(fault: nil)
        for index in 3_000..<3_400 { points.values[index] = .nan }
        let told = alarms(points).filter { (3_000..<3_420).contains($0) }
        #expect(told.count == 1)
    }

    @Test("a gap between timestamps far longer than ever before is told")
    func gap() {
        var points = signal(fault: nil)
        for index in 3_000..<4_000 { points.times[index] += 100 * 300 }
        #expect(alarms(points).contains(3_000))
    }

    @Test("the trials earn what the documentation says, on a few series")
    func trials() {
        var total = 0.0
        for family in [TrialFamily.weekendTraffic, .clickRatio, .temperature] {
            total += DetectionTrials.detectorScore(family, seeds: 40..<43).normalised
        }
        #expect(total / 3 > 55)
    }

    private func times(_ count: Int) -> [Double] {
        (0..<count).map { 1_400_000_000 + Double($0) * 300 }
    }

    private func alarms(_ points: Points) -> [Int] {
        scores(points).enumerated().filter { $0.element >= 0.5 }.map(\.offset)
    }

    private func signal(fault: Fault?) -> Points {
        var dice = TrialRandom(seed: 21)
        let times = times(4_000)
        var values: [Double] = []
        for index in 0..<4_000 {
            let hour = (times[index] / 3_600).truncatingRemainder(dividingBy: 24)
            let isActive = (3_000..<3_200).contains(index)
            let shown = isActive && fault == .seasonBreak ? hour + 12 : hour
            let triangle = abs((shown.truncatingRemainder(dividingBy: 24)) - 12) / 12
            // A sum of four is near enough to normal.
            let noise = (0..<4).reduce(0.0) { sum, _ in sum + Double(dice.next() >> 11) * 0x1p-53 }
            let value = 40 + 20 * triangle + 2 * (noise - 2)
            guard isActive, let fault else {
                values.append(value)
                continue
            }
            let age = Double(index - 3_000)
            switch fault {
            case .spike: values.append(index < 3_002 ? value + 30 : value)
            case .shift: values.append(value + 15)
            case .drift: values.append(value + 0.15 * age)
            case .flat: values.append(values[2_999])
            case .zero: values.append(0)
            case .noise: values.append(value + 8 * (noise - 2))
            case .seasonBreak: values.append(value)
            case .calm: values.append(40 + 20 * triangle + 0.02 * (noise - 2))
            }
        }
        return Points(times: times, values: values)
    }
}
