/// How the fetch worker is started.
package struct WorkerCommand: Hashable, Sendable {
    /// The absolute path of the program.
    package let executable: String
    package let arguments: [String]

    package init(executable: String, arguments: [String]) {
        self.executable = executable
        self.arguments = arguments
    }

    /// This program itself with its hidden verb; it works after the file was replaced by an upgrade.
    package static let currentExecutable = WorkerCommand(
        executable: "/proc/self/exe", arguments: ["fetch-worker"])
}
