import AirlockModel

/// A token bucket: so many at once, then one for each ``refill``.
struct AlertBudget: Sendable {
    let capacity: Int
    let refill: Duration
    private var tokens: Int
    /// Monotonic milliseconds up to which tokens were added.
    private var filled: Int?

    init(capacity: Int, refill: Duration) {
        self.capacity = capacity
        self.refill = refill
        tokens = capacity
    }

    /// Whether there is a token left.
    ///
    /// - Parameter now: Monotonic milliseconds.
    mutating func hasToken(at now: Int) -> Bool {
        let step = max(1, refill.milliseconds)
        let since = filled ?? now
        let grown = max(0, now - since) / step
        tokens = min(capacity, tokens + min(grown, capacity))
        // A full bucket begins to count anew with the first token that is taken.
        filled = tokens == capacity ? now : since + grown * step
        return tokens > 0
    }

    /// Takes a token that ``hasToken(at:)`` has just seen.
    mutating func take() { tokens = max(0, tokens - 1) }
}
