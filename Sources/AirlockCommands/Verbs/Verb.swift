import AirlockEngine
import AirlockModel
import AirlockPorts
import ArgumentParser
import Foundation

/// A verb: does its work and answers with an exit status; errors are told in one place.
protocol Verb: AsyncParsableCommand {
    func perform() async throws -> ExitStatus
}

extension Verb {
    mutating func run() async throws {
        let status: ExitStatus
        do {
            status = try await perform()
        } catch {
            status = Self.tell(error)
        }
        if status != .done { throw ExitCode(status.rawValue) }
    }

    /// Writes what failed and whose move is next.
    private static func tell(_ error: any Error) -> ExitStatus {
        switch error {
        case let failure as Failure:
            Output.note("error: \(failure)")
            return failure.code
        case let error as SourceError: Output.note("error: git: \(error.phrase)")
        case let error as ProviderError: Output.note("error: provider: \(error.phrase)")
        case let error as LedgerError: Output.note("error: \(error.phrase)")
        case let error as EngineHalt: Output.note("error: \(error.phrase)")
        default: Output.note("error: \(error)")
        }
        return .error
    }
}
