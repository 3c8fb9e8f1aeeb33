import AirlockModel

/// The idempotency keys that were carried out: at least the last half million.
struct RememberedKeys: Sendable {
    /// Half of a key, which is enough to tell one from another.
    private struct Mark: Hashable {
        let high: UInt64
        let low: UInt64

        init(_ key: ActionKey) {
            let text = key.description.utf8
            high = Self.number(text.prefix(16))
            low = Self.number(text.dropFirst(16).prefix(16))
        }

        private static func number(_ digits: some Sequence<UInt8>) -> UInt64 {
            digits.reduce(0) { $0 << 4 | UInt64($1 < 0x3A ? $1 & 0xF : ($1 & 0xF) + 9) }
        }
    }

    /// After this many keys the ones before them begin to be forgotten.
    private static let generation = 500_000

    private var young: Set<Mark> = []
    private var old: Set<Mark> = []

    func contains(_ key: ActionKey) -> Bool {
        let mark = Mark(key)
        return young.contains(mark) || old.contains(mark)
    }

    mutating func insert(_ key: ActionKey) {
        if young.count >= Self.generation {
            old = young
            young = []
        }
        young.insert(Mark(key))
    }
}
