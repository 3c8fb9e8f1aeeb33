/// Colours of a terminal; plain text where there is none.
struct Ink: Sendable {
    /// What a text is painted with.
    enum Shade: String, Sendable {
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
        isOn && shade != .plain ? "\u{1B}[\(shade.rawValue)m\(text)\u{1B}[0m" : text
    }
}
