import AirlockHost
import AirlockModel

/// What a change's slot is asked before it gets traffic, as JSON and YAML show it.
struct PreviewCheckView: Codable {
    let path: String
    /// The HTTP status of the right answer.
    let expect: Int
    let withinMilliseconds: Int
    /// Wrong answers in a row that give the change up.
    let failures: Int

    init(_ check: PreviewCheck) {
        path = check.path
        expect = check.expect
        withinMilliseconds = check.within.milliseconds
        failures = check.failures
    }
}

/// What it has to keep to before it gets traffic.
struct PreviewBoundsView: Codable {
    /// Such as `memory above 200Mi for 30s`.
    let bounds: [String]
    let holdMilliseconds: Int

    /// Nil where a change has none.
    init?(_ change: Change) {
        guard let (limits, hold) = change.previewBounds else { return nil }
        (bounds, holdMilliseconds) = (limits.map(\.text), hold.milliseconds)
    }

    /// `keeps for 1m in one go: no memory above 200Mi for 30s`.
    var sentence: String {
        let time = Duration.milliseconds(holdMilliseconds).spelled
        return "keeps for \(time) in one go: no \(bounds.joined(separator: ", no "))"
    }
}

extension PreviewCheck {
    /// `GET /health answers 200 within 2000 ms; 3 wrong answers in a row give it up`.
    var sentence: String {
        "\(phrase.visible) answers \(expect) within \(within.milliseconds) ms; "
            + (failures == 1
                ? "a wrong answer gives it up" : "\(failures) wrong answers in a row give it up")
    }
}
