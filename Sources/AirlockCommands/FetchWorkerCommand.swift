import AirlockGit
import ArgumentParser

/// The child process that fetches; started by Airlock itself and by nobody else.
struct FetchWorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fetch-worker",
        abstract: "Fetches for a running Airlock; talks JSON lines on standard input and output.",
        shouldDisplay: false)

    func run() async throws {
        throw ExitCode(await FetchWorker.run())
    }
}
