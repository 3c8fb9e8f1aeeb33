package import ArgumentParser

/// The program: one verb per file of this folder.
package struct AirlockCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "airlock",
        abstract: "Runs in every environment what the main branch of one repository says.",
        subcommands: [FetchWorkerCommand.self])

    package init() {}
}
