import AirlockModel

/// The times at which both slots are compared: whole multiples of the scrape interval since 1970, so that
/// every question falls on the same ones and nothing is counted twice.
struct SignalGrid: Hashable {
    /// The most steps of one question; what lies beyond is another question.
    static let mostSteps = 120
    /// The most questions for one history: an hour of a server that scrapes every second.
    static let mostQuestions = 30
    /// How long a scrape may take until its samples can be had, in seconds.
    private static let settling = 2

    /// Seconds between two steps.
    let step: Int
    /// Where counting begins, in seconds since 1970; its value is what the next one is compared with.
    let first: Int
    /// The newest step of this question; at most ``mostSteps`` after ``first``.
    let last: Int
    /// The newest step whose samples are surely there and that is wanted.
    private let end: Int

    /// Nil when there is no whole step yet, so that nothing is asked.
    ///
    /// The first value lies one scrape after the change of shares at the least: what it shows was counted
    /// under the shares in force.
    init?(_ question: SignalQuestion, every: Duration, now: Timestamp) {
        let step = max(1, every.milliseconds / 1000)
        let newest = min(now.milliseconds / 1000 - Self.settling, question.to.milliseconds / 1000)
        guard question.base != nil else {
            // Nothing is counted, so that the first value is one of the time that is asked about.
            let begin = Self.seconds(question.from) + 1
            self.init(
                step: step, first: (begin + step - 1) / step * step - step,
                end: newest / step * step)
            if last <= first { return nil }
            return
        }
        let shared = Self.seconds(question.sharedSince) + step
        let begin = max(Self.seconds(question.from), shared)
        self.init(
            step: step, first: (begin + step - 1) / step * step, end: newest / step * step)
        if last <= first { return nil }
    }

    private init(step: Int, first: Int, end: Int) {
        (self.step, self.first, self.end) = (step, first, end)
        last = min(end, first + Self.mostSteps * step)
    }

    /// The steps after these; nil when there are none. It begins where these end, so that no growth between
    /// the two is lost.
    var following: SignalGrid? {
        last < end ? SignalGrid(step: step, first: last, end: end) : nil
    }

    /// Every step with its predecessor, oldest first, in seconds since 1970.
    var steps: StrideThrough<Int> { stride(from: first + step, through: last, by: step) }

    /// Whole seconds, rounded up.
    private static func seconds(_ time: Timestamp) -> Int { (time.milliseconds + 999) / 1000 }
}
