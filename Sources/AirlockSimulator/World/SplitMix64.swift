import AirlockModel

/// SplitMix64 (G. L. Steele, D. Lea, C. H. Flood, OOPSLA 2014): small, fast and seekable by its seed.
struct SplitMix64: RandomNumberGenerator {
    private static let step: UInt64 = 0x9E37_79B9_7F4A_7C15

    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= Self.step
        return Self.mix(state)
    }

    fileprivate static func mix(_ value: UInt64) -> UInt64 {
        var mixed = value
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number in 0..<1.
    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// How many of `trials` succeed when each does with `probability`.
    ///
    /// Beyond 1,000 trials the sum of twelve uniform numbers stands for the normal approximation.
    mutating func successes(of trials: Int, probability: Double) -> Int {
        guard probability > 0, trials > 0 else { return 0 }
        guard probability < 1 else { return trials }
        if trials <= 1000 { return (0..<trials).count { _ in unit() < probability } }
        let mean = Double(trials) * probability
        let normal = (0..<12).reduce(-6.0) { sum, _ in sum + unit() }
        let spread = (mean * (1 - probability)).squareRoot()
        return min(trials, max(0, Int((mean + normal * spread).rounded())))
    }
}

/// The random numbers of one slot in one lane: equal inputs give equal numbers on any machine.
struct SlotStream {
    private let base: UInt64

    init(seed: UInt64, lane: LaneID, slot: SlotID) {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325 ^ seed
        // FNV-1a over the names.
        for byte in "\(lane)#\(slot)".utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        base = hash
    }

    /// The numbers of one second.
    ///
    /// The second is mixed in twice: added to the state alone it would make the numbers of the next second
    /// those of this one, moved by one.
    func numbers(in second: Int) -> SplitMix64 {
        let place = SplitMix64.mix(UInt64(bitPattern: Int64(second)))
        return SplitMix64(seed: SplitMix64.mix(base ^ place))
    }

    /// The numbers of one second of one instance.
    func numbers(in second: Int, instance: Int) -> SplitMix64 {
        let place = SplitMix64.mix(UInt64(bitPattern: Int64(second)))
        let number = SplitMix64.mix(~UInt64(bitPattern: Int64(instance)))
        return SplitMix64(seed: SplitMix64.mix(base ^ place ^ number))
    }
}
