import Glibc

/// Why a watch raised an alarm.
package struct WatchAlarm: Hashable, Sendable {
    /// What the signal did.
    package enum Kind: Hashable, Sendable {
        case rise
        case fall
        case silence
    }

    /// What the signal did.
    package let kind: Kind
    /// Where the signal usually is, in its own unit.
    package let usual: Double
    /// Its mean over about the last ten samples; NaN for silence.
    package let present: Double
    /// For how many samples the deviation has been building up.
    package let age: Int

    init(_ kind: Kind, usual: Double, present: Double, age: Int) {
        self.kind = kind
        self.usual = usual
        self.present = present
        self.age = age
    }

    /// One clause that follows the name of a signal that is sampled once a second: `rose to 84.1 from 40.2
    /// within 6 s`.
    package var cause: String {
        switch kind {
        case .rise: "rose to \(Self.short(present)) from \(Self.short(usual)) within \(age) s"
        case .fall: "fell to \(Self.short(present)) from \(Self.short(usual)) within \(age) s"
        case .silence: "has given no value for \(age) s; it was \(Self.short(usual))"
        }
    }

    /// Three significant digits.
    private static func short(_ value: Double) -> String {
        guard value != 0, value.isFinite else { return value.description }
        let step = pow(10, floor(log10(abs(value))) - 2)
        // Dividing by a whole power keeps 0.3 from becoming 0.30000000000000004.
        let rounded =
            step < 1
            ? (value / step).rounded() / (1 / step).rounded() : (value / step).rounded() * step
        return abs(rounded) < 1e15 && rounded == rounded.rounded()
            ? Int(rounded).description : rounded.description
    }
}
