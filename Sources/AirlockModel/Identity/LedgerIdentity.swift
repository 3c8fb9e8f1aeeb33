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

/// A ledger and one of its writers: what an engine stores as the claim on an environment.
package struct Claim: Hashable, Sendable, Codable {
    package let ledger: LedgerID
    package let epoch: Epoch

    package init(ledger: LedgerID, epoch: Epoch) {
        self.ledger = ledger
        self.epoch = epoch
    }
}
