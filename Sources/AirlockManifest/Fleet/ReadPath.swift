package import AirlockModel

/// What a file describes, by its path alone.
package enum Subject: Hashable, Sendable {
    case fleet
    case simulation
    case environment(EnvironmentName)
    case service(UnitName)
    case release(UnitName, EnvironmentName)

    /// How the file is read.
    package var kind: ManifestKind {
        switch self {
        case .fleet: .fleet
        case .simulation: .simulation
        case .environment: .environment
        case .service: .service
        case .release: .release
        }
    }

    /// The one path that the file can have.
    package var path: String {
        switch self {
        case .fleet: "fleet.yaml"
        case .simulation: "simulation.yaml"
        case .environment(let name): "environments/\(name).yaml"
        case .service(let name): "services/\(name)/service.yaml"
        case .release(let unit, let environment): "services/\(unit)/\(environment).yaml"
        }
    }
}

/// What a path of the repository means for the fleet.
package enum ReadPath: Hashable, Sendable {
    /// Read as this.
    case document(Subject)
    /// Never read; what it would have described is left as it is.
    case refused(Problem, parks: Subject?)
    /// Not part of the fleet: notes, hidden files, everything outside the read paths.
    case ignored

    /// Folders that are read.
    package static let folders = ["environments", "services"]
    /// Files at the top that are read.
    package static let files = ["fleet.yaml", "simulation.yaml"]
    /// Folders of the format that this version cannot enforce.
    package static let laterFolders = ["identities", "flags", "experiments", "datasets"]
    /// Files at the top that this version cannot enforce.
    package static let laterFiles = ["network.yaml"]

    /// Classifies one entry of a tree.
    package init(_ path: String, kind: TreeEntry.Kind = .file) {
        if kind == .file, let subject = Self.subject(path) {
            self = .document(subject)
        } else {
            self = Self.classify(path, kind: kind)
        }
    }

    /// What a path of exactly the right spelling describes.
    private static func subject(_ path: String) -> Subject? {
        guard path.hasSuffix(".yaml") else { return nil }
        let parts = path.dropLast(5).split(separator: "/", omittingEmptySubsequences: false)
        if parts.count == 3, parts[0] == "services" {
            guard let unit = UnitName(String(parts[1])) else { return nil }
            if parts[2] == reserved { return .service(unit) }
            return EnvironmentName(String(parts[2])).map { .release(unit, $0) }
        }
        if parts.count == 2, parts[0] == "environments", parts[1] != reserved {
            return EnvironmentName(String(parts[1])).map(Subject.environment)
        }
        return path == files[0] ? .fleet : path == files[1] ? .simulation : nil
    }

    /// No environment can be called this: `service.yaml` has a meaning.
    private static let reserved = "service"

    private static func classify(_ path: String, kind: TreeEntry.Kind) -> ReadPath {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard let top = parts.first, let last = parts.last, isReadable(top, parts.count) else {
            return .ignored
        }
        switch kind {
        case .symlink:
            let problem = "symbolic links are never followed"
            return .refused(
                Problem(nil, problem, "put the file itself here"), parks: parked(by: parts))
        case .submodule:
            let problem = "submodules are never read"
            return .refused(
                Problem(nil, problem, "put the files themselves here"), parks: parked(by: parts))
        case .file:
            return last.hasPrefix(".") || last.hasSuffix(".md") ? .ignored : refuse(parts)
        }
    }

    /// Whether entries under `top` concern the fleet at all, also when the spelling is off.
    private static func isReadable(_ top: String, _ count: Int) -> Bool {
        let name = top.lowercased()
        if folders.contains(name) || laterFolders.contains(name) { return true }
        guard count == 1 else { return files.contains(name) }
        return files.contains(name) || laterFiles.contains(name)
            || ["fleet.yml", "simulation.yml"].contains(name)
    }

    /// Why a file is not read.
    private static func refuse(_ parts: [String]) -> ReadPath {
        if laterFolders.contains(parts[0]) || laterFiles.contains(parts[0]) {
            let what = Problem(
                nil, "this version cannot enforce `\(parts[0])`",
                "remove it: a rule that is not enforced must not look as if it were")
            return .refused(what, parks: nil)
        }
        let subject = parked(by: parts)
        if case .environment(let name)? = subject, name.description == reserved {
            let problem = "an environment cannot be called `service`: service.yaml has a meaning"
            return .refused(Problem(nil, problem, "choose another name"), parks: nil)
        }
        return .refused(
            Problem(nil, "this path is not part of the format", advice(on: parts, subject)),
            parks: subject)
    }

    /// The right name of a file that was probably meant to be `subject`; what lies beside the documents
    /// under a name of its own was not meant to be one of them.
    private static func advice(on parts: [String], _ subject: Subject?) -> String {
        guard let subject else { return "the paths are \(forms)" }
        let isDocument = parts.last.map(isYAML) ?? false
        switch subject {
        case .fleet, .simulation: return "name it \(subject.path)"
        case .environment where isDocument && parts.count == 2: return "name it \(subject.path)"
        case .release where isDocument: return "name it \(subject.path)"
        case .service where isDocument && (parts.count == 2 || name(parts[2]) == reserved):
            return "name it \(subject.path)"
        case .environment:
            return "remove it, or let its name end with .md: "
                + "environments/ holds \(ManifestKind.environment.path) alone"
        case .service, .release:
            return "remove it, or let its name end with .md: the paths of a service are "
                + "\(ManifestKind.service.path) and \(ManifestKind.release.path)"
        }
    }

    private static let forms = ManifestKind.allCases.map(\.path).joined(separator: ", ")

    /// What a path describes, or would describe if its spelling were right.
    private static func parked(by parts: [String]) -> Subject? {
        let folder = parts[0].lowercased()
        if parts.count == 1 {
            switch stem(folder) {
            case "fleet": return .fleet
            case "simulation": return .simulation
            default: return nil
            }
        }
        if folder == "environments" {
            return EnvironmentName(name(parts[1])).map(Subject.environment)
        }
        guard folder == "services", let unit = UnitName(name(parts[1])) else { return nil }
        guard parts.count == 3, isYAML(parts[2]) else { return .service(unit) }
        let last = name(parts[2])
        return last == reserved
            ? .service(unit) : EnvironmentName(last).map { .release(unit, $0) } ?? .service(unit)
    }

    private static func isYAML(_ file: String) -> Bool {
        let lower = file.lowercased()
        return lower.hasSuffix(".yaml") || lower.hasSuffix(".yml")
    }

    private static func stem(_ file: String) -> String {
        let lower = file.lowercased()
        return String(
            lower.hasSuffix(".yaml")
                ? lower.dropLast(5) : lower.hasSuffix(".yml") ? lower.dropLast(4) : lower[...])
    }

    /// The name that `file` comes nearest to: lowercase, with hyphens.
    private static func name(_ file: String) -> String {
        String(stem(file).map { "_ .".contains($0) ? "-" : $0 })
    }
}
