package import AirlockModel

/// Names that nobody else will ever make: 128 bits of the system's random generator.
package enum RandomIdentity {
    /// 32 lowercase hexadecimal digits.
    package static func make() -> String {
        var generator = SystemRandomNumberGenerator()
        return Hex.encode((0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
    }

    /// The id of a ledger that is being made.
    package static func ledger() -> LedgerID {
        guard let id = LedgerID(make()) else {
            preconditionFailure("32 hexadecimal digits are a ledger id")
        }
        return id
    }
}
