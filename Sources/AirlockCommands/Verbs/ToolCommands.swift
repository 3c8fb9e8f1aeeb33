import AirlockGit
import ArgumentParser
import BuildCommit

/// `airlock version`: the versions of the product, its formats and libgit2.
struct VersionCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Print the versions of the product and its formats.")

    @OptionGroup var output: FormatOption

    /// The versions, as JSON shows them.
    private struct Versions: Encodable {
        var airlock = ProductVersion.current
        var commit = Build.commit
        var fleetFormat = ProductVersion.fleetFormat
        var planFormat = PlanView.formatVersion
        var libgit2 = Libgit2.version
    }

    func perform() async throws -> ExitStatus {
        let versions = Versions()
        switch output.format {
        case .json, .yaml: try Output.value(versions, as: output.format)
        case .human:
            Output.data(
                """
                airlock       \(versions.airlock)
                commit        \(versions.commit)
                fleet format  \(versions.fleetFormat)
                plan format   \(versions.planFormat)
                libgit2       \(versions.libgit2)
                """)
        }
        return .done
    }
}

/// `airlock completion`: a script that completes verbs and flags.
struct CompletionCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "completion", abstract: "Print a completion script for a shell.")

    @Argument(help: "bash, zsh or fish.")
    var shell: String

    func validate() throws { _ = try known() }

    func perform() async throws -> ExitStatus {
        Output.document(AirlockCommand.completionScript(for: try known()))
        return .done
    }

    private func known() throws -> CompletionShell {
        guard let known = CompletionShell(rawValue: shell) else {
            throw ValidationError("there is no completion for \(shell); use bash, zsh or fish")
        }
        return known
    }
}
