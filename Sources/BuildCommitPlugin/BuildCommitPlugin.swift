import PackagePlugin

/// Writes the commit of the checkout into a source file at each build.
@main struct BuildCommitPlugin: BuildToolPlugin {
    /// The file is left alone when the commit is the same, so that nothing is compiled anew.
    private static let script = """
        commit=$(git -C "$1" rev-parse HEAD 2>/dev/null) || commit=unknown
        changes=$(git -C "$1" status --porcelain 2>/dev/null)
        [ -z "$changes" ] || commit="$commit with changes"
        line="let generatedCommit = \\"$commit\\""
        [ "$line" = "$(cat "$2" 2>/dev/null)" ] || printf '%s\\n' "$line" >"$2"
        """

    func createBuildCommands(context: PluginContext, target: any Target) -> [Command] {
        let folder = context.pluginWorkDirectoryURL
        let file = folder.appending(path: "GeneratedCommit.swift")
        return [
            .prebuildCommand(
                displayName: "Naming the commit", executable: .init(filePath: "/bin/sh"),
                arguments: [
                    "-c", Self.script, "sh",
                    context.package.directoryURL.path(percentEncoded: false),
                    file.path(percentEncoded: false),
                ],
                outputFilesDirectory: folder)
        ]
    }
}
