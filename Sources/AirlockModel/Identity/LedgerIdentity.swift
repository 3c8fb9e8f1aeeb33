/// What tells one ledger from every other: 128 random bits, made with it.
package struct LedgerID: TextIdentity {
    package static let noun = "ledger id"
    package let description: String

    /// Returns nil unless `text` is 32 lowercase hexadecimal digits.
    package init?(_ text: String) {
        guard text.utf8.count == 32, text.utf8.allSatisfy(\.isLowercaseHexDigit) else { return nil }
        description = text
    }
}

/// Counts the writers that a ledger has had; the fencing number of every action.
///
/// Grows by one each time a process takes the ledger's lock.
package struct Epoch: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    package let number: Int

    package init(_ number: Int) { self.number = number }

    package init(from decoder: any Decoder) throws {
        number = try decoder.singleValueContainer().decode(Int.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(number)
    }

    package static func < (left: Epoch, right: Epoch) -> Bool { left.number < right.number }

    package var description: String { String(number) }
}

/// What tells one writer of a ledger from every other: 128 random bits, made when a process takes its lock.
///
/// Copies of one ledger count their writers alike, so the epoch alone does not tell them apart.
package struct WriterID: TextIdentity {
    package static let noun = "writer id"
    package let description: String

    /// Returns nil unless `text` is 32 lowercase hexadecimal digits.
    package init?(_ text: String) {
        guard text.utf8.count == 32, text.utf8.allSatisfy(\.isLowercaseHexDigit) else { return nil }
        description = text
    }
}

/// A ledger and one of its writers: what an engine stores as the claim on an environment.
package struct Claim: Hashable, Sendable, Codable {
    package let ledger: LedgerID
    package let epoch: Epoch
    /// Nil in claims of versions that did not tell writers of one epoch apart.
    package let writer: WriterID?

    package init(ledger: LedgerID, epoch: Epoch, writer: WriterID? = nil) {
        self.ledger = ledger
        self.epoch = epoch
        self.writer = writer
    }

    /// Whether `stored` is of another writer of the same ledger that came later, or at the same count: one of a copy.
    package func isFenced(by stored: Claim) -> Bool {
        guard ledger == stored.ledger else { return false }
        return epoch < stored.epoch || (epoch == stored.epoch && writer != stored.writer)
    }

    /// The claim that takes an environment from `stored`.
    package func takingOver(_ stored: Claim) -> Claim {
        Claim(ledger: ledger, epoch: Epoch(stored.epoch.number + 1), writer: writer)
    }
}
