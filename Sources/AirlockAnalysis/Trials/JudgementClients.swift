/// A healthy canary whose clients retry, and some of which always fail: every request goes through
/// ``BadEvents``.
package struct ClientTrial: Hashable, Sendable {
    /// How the trial counts.
    package enum Counting: Hashable, Sendable {
        /// ``BadEvents``.
        case episodes
        /// Once per key, slot and episode: wrong where a key is served by both slots.
        case perKeyAndSlot
        /// Every bad event: wrong wherever one fault makes several.
        case raw
    }

    /// Whether a client always meets the same slot.
    package let isSticky: Bool
    /// Bad events of one burst in the mean.
    package let burst: Double
    /// Clients that always fail, of ``clients``.
    package let failing: Int
    package let counting: Counting

    /// Everyone who sends requests.
    package static let clients = 2000
    /// Requests per second of all clients together.
    private static let rate = 100.0
    /// One request of so many reaches the canary.
    private static let canaryPart: UInt64 = 10
    private static let errors = 0.005

    package init(isSticky: Bool, burst: Double, failing: Int, counting: Counting) {
        self.isSticky = isSticky
        self.burst = burst
        self.failing = failing
        self.counting = counting
    }

    /// How many of `runs` harmless canaries were called harmful within `seconds`.
    package func falseAlarms(runs: Int, seconds: Int = 600, seed: UInt64 = 1) -> Int {
        (0..<runs).count { run in
            var dice = JudgementDice(seed: seed &* 104_729 &+ UInt64(run))
            var counts = Counts(counting: counting, salt: dice)
            var test = HarmTest(chance: .onePercent)
            for second in 0..<seconds {
                for place in 0..<dice.poisson(Self.rate) {
                    let at = second * 1000 + Int(min(place, 999))
                    serve(at: at, &counts, &dice)
                }
                test.add(counts.take())
                if test.isHarmful { return true }
            }
            return false
        }
    }

    private func serve(at time: Int, _ counts: inout Counts, _ dice: inout JudgementDice) {
        let client = dice.next() % UInt64(Self.clients)
        let isBroken = client < UInt64(failing)
        let isBad = isBroken || dice.unit() < Self.errors
        let retries = isBad && !isBroken ? dice.retries(after: 1, mean: burst) : 0
        for _ in 0...retries {
            // The salt of a run decides who is sticky to the canary.
            let lot = isSticky ? counts.salt.mixed(with: client) : dice.next()
            counts.add(
                BadEvents.Request(
                    at: time, isCanary: lot % Self.canaryPart == 0, isBad: isBad, key: client,
                    instance: nil))
        }
    }

    /// What a source would keep for each way of counting.
    private struct Counts {
        let salt: JudgementDice
        private var both = BadEvents()
        private var canary = BadEvents()
        private var stable = BadEvents()
        private var tally = Tally.nothing
        private let counting: Counting

        init(counting: Counting, salt: JudgementDice) {
            self.counting = counting
            self.salt = salt
        }

        mutating func add(_ request: BadEvents.Request) {
            switch counting {
            case .episodes: both.add(request)
            case .perKeyAndSlot:
                if request.isCanary { canary.add(request) } else { stable.add(request) }
            case .raw:
                let served = Served(requests: 1, bad: request.isBad ? 1 : 0)
                if request.isCanary {
                    tally.canary = tally.canary + served
                    if request.isBad, let key = request.key { tally.witnesses.note(key) }
                } else {
                    tally.stable = tally.stable + served
                }
            }
        }

        mutating func take() -> Tally {
            switch counting {
            case .episodes: return both.take()
            case .perKeyAndSlot: return canary.take() + stable.take()
            case .raw:
                defer { tally = .nothing }
                return tally
            }
        }
    }
}

extension JudgementDice {
    /// A number that depends on the state and `value` alone; draws nothing.
    func mixed(with value: UInt64) -> UInt64 {
        var dice = self
        dice.skip(to: value)
        return dice.next()
    }
}
