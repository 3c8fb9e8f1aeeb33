import AirlockGit
import AirlockHost
import AirlockManifest
import AirlockModel
import ArgumentParser
import Foundation

/// `airlock validate`: checks a working directory, without state or network.
struct ValidateCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Check the files of a fleet, without state or network.")

    @Argument(help: "The folder that holds fleet.yaml.")
    var directory = "."

    @OptionGroup var output: FormatOption

    @Flag(help: "No colour, as with NO_COLOR.")
    var noColor = false

    /// What editors and CI read.
    private struct Report: Encodable {
        let valid: Bool
        let fleet: String?
        let lanes: Int
        let diagnostics: [Diagnostic]
        /// What is allowed and hardly meant.
        let notices: [String]
    }

    func perform() async throws -> ExitStatus {
        let files = try WorkingDirectory(path: directory).files()
        let (fleet, diagnostics) = FleetValidation.validate(files)
        let isValid = diagnostics.isEmpty && fleet != nil
        let notices: [String] = fleet?.notices ?? []
        switch output.format {
        case .json, .yaml:
            let report = Report(
                valid: isValid, fleet: fleet?.name.description, lanes: fleet?.lanes.count ?? 0,
                diagnostics: diagnostics.sorted(), notices: notices)
            try Output.value(report, as: output.format)
        case .human:
            for diagnostic in diagnostics.sorted() { Output.data(diagnostic.description.visible) }
            for notice in notices { Output.data("note: \(notice.visible)") }
            if isValid, let fleet {
                Output.data(
                    "\(fleet.name) is valid: "
                        + "\(Self.counted(fleet.environments.count, "environment")), "
                        + "\(Self.counted(fleet.lanes.count, "lane")).")
            }
        }
        guard !isValid else { return .done }
        if output.format == .human {
            Output.note(
                "error: \(FleetValidation.summary(of: diagnostics))\n"
                    + "  → mend them; `airlock schema KIND` shows the form of a file")
        }
        return .error
    }

    private static func counted(_ count: Int, _ noun: String) -> String {
        "\(count) \(noun)\(count == 1 ? "" : "s")"
    }
}

/// `airlock schema`: the JSON Schema of a kind of file.
struct SchemaCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Print the JSON Schema of a kind of file, for editors and CI.")

    @Argument(help: "fleet, environment, service, release or simulation.")
    var kind: String

    func validate() throws { _ = try form() }

    func perform() async throws -> ExitStatus {
        Output.document(SchemaText.json(try form()))
        return .done
    }

    private func form() throws -> ManifestKind {
        guard let form = ManifestKind(rawValue: kind) else {
            let known = ManifestKind.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("there is no kind \(kind); use one of \(known)")
        }
        return form
    }
}

/// `airlock init`: a first repository that validates, plans and runs.
struct InitCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Make a first repository that validates, plans and runs.")

    @Argument(help: "The folder to make; it must be missing or empty.")
    var directory: String

    @Option(help: "The fleet's name (default: the folder's).")
    var name: String?

    func perform() async throws -> ExitStatus {
        guard !directory.isEmpty else {
            throw Failure("the folder's name is empty", advice: "name a new folder")
        }
        let folder = URL(filePath: directory).standardizedFileURL
        let text = name ?? folder.lastPathComponent
        guard let fleet = FleetName(text) else {
            throw Failure(
                "\(text) is not a fleet name", advice: "give --name with \(FleetName.form)")
        }
        let path = folder.path(percentEncoded: false)
        let files = StarterRepository.files(name: fleet)
        try write(files, to: folder)
        let user = LocalUser.current
        let root = try FirstRepository.commit(
            path, paths: files.map(\.path),
            author: (user.name, "\(user.name)@localhost"), message: "The first fleet")
        let word = directory.shellWord
        Output.data(
            """
            Made \(directory): a git repository with the fleet \(fleet), \(files.count) files.
            trust root \(root)

            Next:
              airlock validate \(word)
              airlock plan --repo \(word)
              airlock run --repo \(word) --trust-root \(root)
            """)
        return .done
    }

    /// Writes the files into a new or empty folder.
    ///
    /// - Throws: ``Failure`` when something is there already, or the folder cannot be made.
    private func write(
        _ files: [(path: String, contents: String)], to folder: URL
    ) throws {
        let path = folder.path(percentEncoded: false)
        do {
            if FileManager.default.fileExists(atPath: path),
                try !FileManager.default.contentsOfDirectory(atPath: path).isEmpty
            {
                throw Failure("\(directory) is not empty", advice: "name a new folder")
            }
            for file in files {
                let place = folder.appending(path: file.path)
                try FileManager.default.createDirectory(
                    at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(file.contents.utf8).write(to: place)
            }
        } catch is CocoaError {
            throw Failure(
                "the folder \(directory) cannot be made or written",
                advice: "name a new folder in one where you may write")
        }
    }
}

extension String {
    /// The text as one word of a shell, in quotes where it needs them.
    fileprivate var shellWord: String {
        let isPlain =
            !isEmpty
            && unicodeScalars.allSatisfy {
                $0.properties.isAlphabetic || ("0"..."9").contains($0)
                    || "_@%+=:,./-".unicodeScalars.contains($0)
            }
        return isPlain ? self : "'\(replacing("'", with: "'\\''"))'"
    }
}
