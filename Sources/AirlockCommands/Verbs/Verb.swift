import ArgumentParser
import Glibc

/// A verb: does its work and answers with an exit status; errors are told in one place.
protocol Verb: AsyncParsableCommand {
    /// Does the verb's work; what it throws is told to the person by ``Explanation``.
    func perform() async throws -> ExitStatus
}

extension Verb {
    mutating func run() async throws {
        // A reader that has seen enough (`| head`) is no fault of the verb.
        signal(SIGPIPE, SIG_IGN)
        var status: ExitStatus
        do {
            status = try await perform()
        } catch {
            status = Self.tell(error)
        }
        if let fault = Output.fault {
            status = Self.tell(
                Failure(
                    "standard output cannot be written: \(fault); what is there is cut short",
                    advice: "make room and ask again; what the verb did stays done"))
        }
        if status != .done { throw ExitCode(status.rawValue) }
    }

    /// Writes what failed and whose move is next.
    private static func tell(_ error: any Error) -> ExitStatus {
        Output.note("error: \(Explanation.of(error))")
        return (error as? Failure)?.code ?? .error
    }
}
