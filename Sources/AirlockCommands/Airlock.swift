import AirlockHost
package import ArgumentParser

/// The root of the command line.
package struct AirlockCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "airlock",
        abstract: "Git is the only way in: reconciles environments with what a repository says.",
        discussion: """
            Exit codes: 0 done or nothing to do; 1 error, or a plan of a head that would be refused; \
            2 differences, where asked; 3 a forward change is held (`reconcile`); 4 a stale change id; \
            64 usage; 130 interrupted (`run`: by a second SIGINT).
            """,
        version: ProductVersion.current,
        subcommands: [],
        groupedSubcommands: [
            CommandGroup(
                name: "Start",
                subcommands: [InitCommand.self, ValidateCommand.self, SchemaCommand.self]),
            CommandGroup(
                name: "Deploy",
                subcommands: [PlanCommand.self, RunCommand.self, ReconcileCommand.self]),
            CommandGroup(
                name: "Look",
                subcommands: [
                    StatusCommand.self, TreeCommand.self, HistoryCommand.self, ExplainCommand.self,
                    AuditCommand.self, DetectCommand.self,
                ]),
            CommandGroup(
                name: "Steer",
                subcommands: [
                    FreezeCommand.self, ThawCommand.self, RolloutCommand.self, RollbackCommand.self,
                ]),
            CommandGroup(
                name: "Tools",
                subcommands: [
                    SimCommand.self, DoctorCommand.self, VersionCommand.self,
                    CompletionCommand.self, FetchWorkerCommand.self,
                ]),
        ])

    package init() {}

    /// Ends the process with a word where it may have too few descriptors or too little memory to work.
    package static func endUnlessAble() {
        do { try ProcessLimit.check() } catch {
            Output.note("error: \(error)")
            exit(withError: ExitCode(ExitStatus.error.rawValue))
        }
    }
}
