/// A series with labelled faults.
package struct TrialSeries: Sendable {
    /// The kind of signal.
    package let family: TrialFamily
    /// What was put in, in the order of ``windows``.
    package let faults: [TrialFault]
    /// Seconds since the epoch, one for each value.
    package let times: [Double]
    /// The values in the signal's own unit.
    package let values: [Double]
    /// Where a detection counts as found: index ranges around each fault, together about a tenth
    /// of the series, each centred on the point where its fault begins.
    package let windows: [Range<Int>]

    /// How many points at the start are for learning and not scored: 15 in 100, at most 750.
    package var probation: Int { min(values.count * 15 / 100, 750) }

    /// Draws a series; the same family and seed give the same series.
    package init(_ family: TrialFamily, seed: UInt64) {
        var dice = TrialRandom(seed: seed &* 0x1_0001 &+ 977)
        let lengths = [1_200, 2_000, 4_032, 4_032, 8_000, 16_000]
        let count = family.interval > 1_000 ? 4_000 : lengths[dice.below(lengths.count)]
        let faultCount = dice.chance(0.1) ? 0 : 1 + dice.below(4)
        let width = count / 10 / max(1, faultCount)
        var faults: [TrialFault] = []
        var windows: [Range<Int>] = []
        var starts: [Int] = []
        let first = count * 17 / 100 + width / 2
        let room = (count - first - width) / max(1, faultCount)
        for number in 0..<faultCount {
            let start = first + number * room + dice.below(max(1, room - width))
            starts.append(start)
            windows.append(start - width / 2..<start + width - width / 2)
            faults.append(family.faults[dice.below(family.faults.count)])
        }
        let times = (0..<count).map { 1_400_000_000 + Double($0) * family.interval }
        let marks = zip(faults, starts).map { TrialMark(fault: $0, start: $1, width: width) }
        self.family = family
        self.faults = faults
        self.times = times
        self.windows = windows
        values = TrialMark.spoil(family, times, with: marks, dice: &dice)
    }
}

/// A fault at its place.
struct TrialMark {
    let fault: TrialFault
    let start: Int
    let width: Int

    /// The values of a signal with the faults in it.
    static func spoil(
        _ family: TrialFamily, _ times: [Double], with marks: [TrialMark],
        dice: inout TrialRandom
    ) -> [Double] {
        let seed = TrialRandom(seed: dice.next())
        var healthy = TrialSignal(family, dice: seed)
        let plain = times.map { healthy.next(clock: $0, noise: 1, pace: 1) }
        let sorted = plain.sorted()
        let body = sorted[sorted.count * 95 / 100] - sorted[sorted.count * 5 / 100]
        let reach = max(body, (sorted[sorted.count - 1] - sorted[0]) / 3)
        var signal = TrialSignal(family, dice: seed)
        var result: [Double] = []
        result.reserveCapacity(times.count)
        var next = 0
        var sizes: (span: Int, height: Double) = (0, 0)
        for index in times.indices {
            if next < marks.count, index == marks[next].start {
                sizes = marks[next].size(reach: reach, dice: &dice)
                next += 1
            }
            let mark = next > 0 ? marks[next - 1] : nil
            let age = mark.map { index - $0.start } ?? 0
            let active = age < sizes.span ? mark?.fault : nil
            let value = signal.next(
                clock: times[index] + (active == .seasonBreak ? 43_200 : 0),
                noise: active == .noise ? sizes.height : 1,
                pace: active == .frequency ? sizes.height : 1)
            let share = Double(age + 1) / Double(max(1, sizes.span))
            let previous = result.last ?? value
            switch active {
            case .spike, .shift: result.append(value + sizes.height)
            case .drift: result.append(value + sizes.height * share)
            case .flat: result.append(previous)
            case .zero: result.append(0)
            case .seasonBreak, .noise, .frequency, nil: result.append(value)
            }
        }
        return result
    }

    /// How long the fault lasts, in points, and how large it is, in the signal's unit or as a
    /// factor.
    private func size(reach: Double, dice: inout TrialRandom) -> (span: Int, height: Double) {
        let sign = dice.chance(0.7) ? 1.0 : -1.0
        switch fault {
        case .spike: return (1 + dice.below(4), sign * reach * dice.uniform(1, 3))
        case .shift:
            // One in three stays: the signal has a new normal.
            let span = dice.chance(0.33) ? width * 20 : width / 2
            return (span, sign * reach * dice.uniform(0.6, 1.5))
        case .drift: return (width / 2, sign * reach * dice.uniform(0.8, 2))
        case .seasonBreak, .flat, .zero: return (width / 2, 0)
        case .noise: return (width / 2, dice.chance(0.7) ? dice.uniform(2.5, 5) : 0.15)
        case .frequency: return (width / 2, dice.chance(0.5) ? 3 : 0.3)
        }
    }
}
