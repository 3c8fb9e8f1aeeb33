import AirlockHost

/// Colours of a terminal; plain text where there is none.
///
/// What is painted is written out first, so that it cannot hold colours or lines of its own.
struct Ink: Sendable {
    /// What a text is painted with.
    enum Shade: String, CaseIterable, Sendable {
        case plain = "0"
        case bold = "1"
        case dim = "2"
        case red = "31"
        case green = "32"
        case yellow = "33"
        case cyan = "36"
    }

    let isOn: Bool

    static let plain = Ink(isOn: false)

    func bold(_ text: String) -> String { paint(text, .bold) }
    func dim(_ text: String) -> String { paint(text, .dim) }
    func red(_ text: String) -> String { paint(text, .red) }
    func green(_ text: String) -> String { paint(text, .green) }
    func yellow(_ text: String) -> String { paint(text, .yellow) }
    func cyan(_ text: String) -> String { paint(text, .cyan) }

    func paint(_ text: String, _ shade: Shade) -> String {
        let text = text.visible
        return isOn && shade != .plain
            ? "\u{1B}[\(shade.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// A text of lines in which nothing is left that a terminal obeys but these colours.
    static func guarded(_ text: String) -> String {
        let parts = text.split(separator: "\u{1B}", omittingEmptySubsequences: false)
        let colours = Shade.allCases.map { "[\($0.rawValue)m" }
        return parts.enumerated().map { index, part in
            guard index > 0 else { return String(part).visibleLines }
            let isOurs = colours.contains { part.hasPrefix($0) }
            return (isOurs ? "\u{1B}" : "\u{1B}".visible) + String(part).visibleLines
        }.joined()
    }
}
