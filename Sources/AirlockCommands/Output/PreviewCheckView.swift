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

extension PreviewCheck {
    /// `GET /health answers 200 within 2000 ms; 3 wrong answers in a row give it up`.
    var sentence: String {
        "\(phrase.visible) answers \(expect) within \(within.milliseconds) ms; "
            + (failures == 1
                ? "a wrong answer gives it up" : "\(failures) wrong answers in a row give it up")
    }
}
