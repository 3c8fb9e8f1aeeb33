import Synchronization

/// Many lives, one seed each, until one breaks the promise.
package struct Rehearsal: Sendable {
    /// What the lives came to.
    package struct Outcome: Hashable, Sendable {
        package fileprivate(set) var lives = 0
        /// Orders that changed a world.
        package fileprivate(set) var effects = 0
        package fileprivate(set) var restarts = 0
        /// Verdicts of rollouts that were judged again from the log.
        package fileprivate(set) var judged = 0
        /// What came of tests, previews and watches.
        package fileprivate(set) var releases = ReleaseCounts()
        /// The fewest kinds of fault that a life had.
        package fileprivate(set) var fewestFaultKinds = Int.max
        /// The fewest times that a process was replaced in a life.
        package fileprivate(set) var fewestRestarts = Int.max
        /// The most questions and orders for each lane that one look sent.
        package fileprivate(set) var callsPerLane = 0
        /// The life of the lowest seed of those that broke the promise.
        package fileprivate(set) var failure: SeededRun.Report?

        fileprivate mutating func add(_ report: SeededRun.Report) {
            lives += 1
            effects += report.effects
            restarts += report.restarts
            judged += report.judged
            releases.add(report.releases)
            fewestFaultKinds = min(fewestFaultKinds, report.faultKinds)
            fewestRestarts = min(fewestRestarts, report.restarts)
            callsPerLane = max(callsPerLane, report.callsPerLane)
            guard !report.violations.isEmpty else { return }
            if failure.map({ $0.seed > report.seed }) ?? true { failure = report }
        }
    }

    /// The seeds that nobody has taken yet; none after a failure.
    private final class Queue: Sendable {
        private let rest: Mutex<Range<Int>>

        init(_ seeds: Range<Int>) { rest = Mutex(seeds) }

        func next() -> Int? { rest.withLock { $0.popFirst() } }

        func end() { rest.withLock { $0 = $0.upperBound..<$0.upperBound } }
    }

    private let seeds: Range<Int>
    private let bug: SeededRun.Bug?

    package init(seeds: Range<Int>, bug: SeededRun.Bug? = nil) {
        self.seeds = seeds
        self.bug = bug
    }

    /// Lives them, a few at a time.
    ///
    /// - Parameter told: Is given the number of lives so far, now and then.
    package func play(
        atOnce count: Int, told: @Sendable (Int) -> Void = { _ in }
    ) async throws -> Outcome {
        let queue = Queue(seeds)
        return try await withThrowingTaskGroup(of: SeededRun.Report?.self) { group in
            var outcome = Outcome()
            for _ in 0..<count { group.addTask { try await next(queue) } }
            while let report = try await group.next() {
                guard let report else { continue }
                outcome.add(report)
                if outcome.lives.isMultiple(of: 1_000) { told(outcome.lives) }
                if outcome.failure != nil { queue.end() }
                group.addTask { try await next(queue) }
            }
            return outcome
        }
    }

    @concurrent
    private func next(_ queue: Queue) async throws -> SeededRun.Report? {
        guard let seed = queue.next() else { return nil }
        return try await SeededRun.live(seed: seed, bug: bug)
    }
}
