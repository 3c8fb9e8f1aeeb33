package import ArgumentParser

<<<<<<< HEAD
/// The root of the command line.
package struct AirlockCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "airlock",
        abstract: "Git is the only way in: reconciles environments with what a repository says.",
        discussion: """
            Exit codes: 0 done or nothing to do; 1 error; 2 differences, where asked; \
            3 a forward change is held; 4 a stale change id; 64 usage; 130 interrupted twice.
            """,
        version: ProductVersion.current,
        subcommands: [],
        groupedSubcommands: [
            CommandGroup(
                name: "Start", subcommands: [InitCommand.self, ValidateCommand.self, SchemaCommand.self]),
            CommandGroup(
                name: "Deploy",
                subcommands: [PlanCommand.self, RunCommand.self, ReconcileCommand.self]),
            CommandGroup(
                name: "Look",
                subcommands: [
                    StatusCommand.self, TreeCommand.self, HistoryCommand.self, ExplainCommand.self,
                    AuditCommand.self,
                ]),
            CommandGroup(
                name: "Steer",
                subcommands: [FreezeCommand.self, ThawCommand.self, RolloutCommand.self]),
            CommandGroup(
                name: "Tools",
                subcommands: [
                    SimCommand.self, DoctorCommand.self, VersionCommand.self,
                    CompletionCommand.self, FetchWorkerCommand.self,
                ]),
        ])
=======
/// The program: one verb per file of this folder.
package struct AirlockCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "airlock",
        abstract: "Runs in every environment what the main branch of one repository says.",
        subcommands: [FetchWorkerCommand.self])
>>>>>>> b51196d511aab35c431b3b96ee2ca1b449dd6f41

    package init() {}
}
