import AirlockHost
import AirlockModel

/// How one test job came out, as JSON and YAML show it.
struct VerificationView: Encodable {
    let build: String
    let outcome: String
    let operation: Int
    let at: String
    let run: [String]
    let timeoutSeconds: Int
    /// The same for people.
    let sentence: String

    init(_ result: VerificationResult) {
        build = result.build.description
        outcome = result.outcome.rawValue
        operation = result.operation
        at = result.at.rfc3339
        run = result.job.run
        timeoutSeconds = result.job.timeout.milliseconds / 1000
        sentence =
            "verify job \(result.outcome.phrase) on build \(result.build.short), operation "
            + "\(result.operation), \(result.at.local)"
    }

    private enum CodingKeys: CodingKey {
        case build
        case outcome
        case operation
        case at
        case run
        case timeoutSeconds
    }
}

extension LaneReading.Lane {
    /// The result of what the lane settled on; nil where there is none.
    var verification: VerificationResult? {
        guard let build = record.settled?.slot.build else { return nil }
        return verifications?.results.last { $0.build == build }
    }
}
