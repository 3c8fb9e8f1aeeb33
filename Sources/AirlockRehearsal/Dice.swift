import AirlockMemory

/// Every choice of one run, decided by its seed.
struct Dice {
    private var random: SplitMix

    init(seed: Int) { random = SplitMix(seed: UInt64(seed) &* 0x9E37_79B9 &+ 1) }

    mutating func roll(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

    mutating func flip() -> Bool { Bool.random(using: &random) }

    mutating func chance(_ percent: Int) -> Bool { roll(0...99) < percent }

    mutating func pick<Choice>(_ choices: [Choice]) -> Choice? {
        choices.randomElement(using: &random)
    }

    mutating func shuffle<Choice>(_ choices: [Choice]) -> [Choice] {
        choices.shuffled(using: &random)
    }
}
