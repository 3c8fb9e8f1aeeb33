package import AirlockModel

/// Reads a whole fleet from files instead of commits, for `airlock validate`.
package enum FleetValidation {
    /// One file of a folder.
    package struct File: Sendable {
        /// The path from the folder's root, with `/` between components.
        package let path: String
        package let kind: TreeEntry.Kind
        /// Empty for what is not a file.
        package let bytes: [UInt8]

        package init(path: String, kind: TreeEntry.Kind = .file, bytes: [UInt8]) {
            self.path = path
            self.kind = kind
            self.bytes = bytes
        }
    }

    /// Whether `path` is of interest: only these are read from a folder.
    package static func reads(_ path: String, kind: TreeEntry.Kind) -> Bool {
        ReadPath(path, kind: kind) != .ignored
    }

    /// The top-level names below which something may be read; other folders need no visit.
    package static let roots =
        ReadPath.folders + ReadPath.files + ReadPath.laterFolders + ReadPath.laterFiles

    /// The fleet that the files make, and everything that is wrong with them.
    package static func validate(_ files: [File]) -> (fleet: Fleet?, diagnostics: [Diagnostic]) {
        let decoded = decode(files)
        return (decoded.fleet, decoded.diagnostics)
    }

    /// The same with all that decoding gives.
    package static func decode(_ files: [File]) -> DecodedFleet {
        guard files.count <= ManifestLimits.files else { return tooMany(files.count) }
        var blobs: [ObjectID: [UInt8]] = [:]
        var changes: [TreeChange] = []
        for file in files.sorted(by: { $0.path < $1.path }) {
            guard reads(file.path, kind: file.kind) else { continue }
            let object = blobName(file.bytes)
            blobs[object] = file.bytes
            changes.append(.set(TreeEntry(path: file.path, object: object, kind: file.kind)))
        }
        var decoder = FleetDecoder()
        return decoder.apply(TreeDelta(changes: changes), blobs: blobs, commit: nil)
    }

    /// How much is wrong in how many files, for the end of a report.
    package static func summary(of diagnostics: [Diagnostic]) -> String {
        func counted(_ count: Int, _ noun: String) -> String {
            "\(count) \(noun)\(count == 1 ? "" : "s")"
        }
        let files = Set(diagnostics.map(\.path)).count
        return "\(counted(diagnostics.count, "problem")) in \(counted(files, "file"))"
    }

    private static func tooMany(_ count: Int) -> DecodedFleet {
        let diagnostic = Diagnostic(
            path: ".",
            problem: "the folder has \(count) files, the limit is \(ManifestLimits.files)",
            advice: "name the folder that holds fleet.yaml")
        return DecodedFleet(
            fleet: nil, diagnostics: [diagnostic], simulation: nil, touched: [],
            isNarrow: false, counts: DecodeCounts())
    }

    /// A name for these bytes in the form of git's; it never leaves this target.
    private static func blobName(_ bytes: [UInt8]) -> ObjectID {
        guard let name = ObjectID(String(Digest(of: bytes).description.prefix(40))) else {
            preconditionFailure("a digest has 64 hexadecimal digits")
        }
        return name
    }
}
