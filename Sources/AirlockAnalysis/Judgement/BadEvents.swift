/// Turns requests into a ``Tally`` in which a client that retries counts once.
///
/// A bad event opens an episode of its key. While the episode is open nothing of that key counts on
/// either slot, neither requests nor bad events; it ends when the key had no bad event for
/// ``quiet``. The first bad event of an episode is the canary's with the canary's share of the
/// requests that count, whether a key stays on one slot or not (the risk set of the log-rank test).
/// Counting once per key and slot would be wrong: a client that always fails would count once on
/// each side although the canary has 1% of its requests.
///
/// Without a key nobody knows which bad events belong together. Then at least one bad event for
/// each instance and second is sure, and at most all of them are separate. Counting both slots once
/// per second would be wrong again: a slot with 100 times the requests has a bad event in every
/// second.
package struct BadEvents: Sendable {
    /// A request that was answered or given up.
    package struct Request: Hashable, Sendable {
        /// Milliseconds since 1970; never earlier than that of the request before.
        package let at: Int
        package let isCanary: Bool
        package let isBad: Bool
        /// Digest of the user, session or connection; nil where none is known.
        package let key: UInt64?
        /// Digest of the instance that served; nil where none is known or the slot has just one.
        ///
        /// Then the seconds are the witnesses.
        package let instance: UInt64?

        package init(at: Int, isCanary: Bool, isBad: Bool, key: UInt64?, instance: UInt64?) {
            self.at = at
            self.isCanary = isCanary
            self.isBad = isBad
            self.key = key
            self.instance = instance
        }
    }

    /// How long a key has to be without a bad event before its next one counts, to an eighth.
    package let quiet: Duration
    /// Episodes that are remembered at most; bad events beyond count as ones without a key.
    package let capacity: Int

    /// When the last bad event of each open episode was, in milliseconds since 1970.
    private var episodes: [UInt64: Int] = [:]
    /// What `episodes` held, in the order of time; entries before `first` are spent.
    private var ends: [(at: Int, key: UInt64)] = []
    private var first = 0
    /// Instances, by slot, that had a bad event without a key in this second.
    private var seen: Set<Cell> = []
    private var second = Int.min
    private var tally = Tally.nothing
    private let quietMilliseconds: Int

    private struct Cell: Hashable {
        let isCanary: Bool
        let instance: UInt64?
    }

    /// - Parameters:
    ///   - quiet: At least 1 s.
    ///   - capacity: At least 1.
    package init(quiet: Duration = .seconds(300), capacity: Int = 65536) {
        self.quiet = max(quiet, .seconds(1))
        quietMilliseconds = self.quiet.wholeMilliseconds
        self.capacity = max(capacity, 1)
    }

    /// Counts one request.
    package mutating func add(_ request: Request) {
        forget(before: request.at)
        if request.at / 1000 != second {
            second = request.at / 1000
            seen.removeAll(keepingCapacity: true)
        }
        guard let key = request.key else { return addNameless(request) }
        if episodes[key] != nil {
            if request.isBad { open(key, at: request.at) }
            return
        }
        guard request.isBad else { return count(request, least: 0, most: 0) }
        guard episodes.count < capacity else { return addNameless(request) }
        open(key, at: request.at)
        count(request, least: 1, most: 1)
        if request.isCanary { tally.witnesses.note(key) }
    }

    /// What was counted since the last call; open episodes stay open.
    package mutating func take() -> Tally {
        defer { tally = .nothing }
        return tally
    }

    private mutating func addNameless(_ request: Request) {
        guard request.isBad else { return count(request, least: 0, most: 0) }
        let cell = Cell(isCanary: request.isCanary, instance: request.instance)
        let isNew = seen.insert(cell).inserted
        count(request, least: isNew ? 1 : 0, most: 1)
        if request.isCanary {
            tally.witnesses.note(
                request.key ?? request.instance ?? UInt64(bitPattern: Int64(second)))
        }
    }

    private mutating func count(_ request: Request, least: Int64, most: Int64) {
        let served = Served(requests: 1, badAtLeast: least, badAtMost: most)
        if request.isCanary {
            tally.canary = tally.canary + served
        } else {
            tally.stable = tally.stable + served
        }
    }

    private mutating func open(_ key: UInt64, at time: Int) {
        // Bounds `ends` to nine entries a key; an episode may end an eighth of `quiet` too early.
        if let last = episodes[key], time - last < quietMilliseconds / 8 { return }
        episodes[key] = time
        ends.append((time, key))
    }

    /// Ends the episodes that were quiet for long enough.
    private mutating func forget(before time: Int) {
        let limit = time - quietMilliseconds
        while first < ends.count, ends[first].at < limit {
            let (last, key) = ends[first]
            if episodes[key] == last { episodes[key] = nil }
            first += 1
        }
        guard first > 4096, first > ends.count / 2 else { return }
        ends.removeFirst(first)
        first = 0
    }
}
