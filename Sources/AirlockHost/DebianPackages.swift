import FoundationEssentials

/// What the machine's package database says.
package enum DebianPackages {
    /// Where dpkg keeps what is installed, as paragraphs of `Field: value` lines.
    private static let path = "/var/lib/dpkg/status"

    /// The versions of the installed packages that were built from `sources`, by package, such as
    /// `libgit2-1.5`; nothing on a machine without dpkg.
    ///
    /// - Parameter sources: Names of source packages, such as `libgit2`.
    package static func versions(builtFrom sources: Set<String>) -> [String: String] {
        guard let data = FileManager.default.contents(atPath: path) else { return [:] }
        return versions(builtFrom: sources, in: String(decoding: data, as: UTF8.self))
    }

    /// The same from the text of a package database.
    package static func versions(
        builtFrom sources: Set<String>, in status: String
    ) -> [String: String] {
        var versions: [String: String] = [:]
        var package: [Substring: Substring] = [:]
        func close() {
            guard let name = package["Package"], let version = package["Version"],
                // Another version of the source stands behind its name.
                let source = (package["Source"] ?? name).split(separator: " ").first,
                sources.contains(String(source)), package["Status"] == "install ok installed",
                !name.hasSuffix("-dev")
            else { return }
            versions[String(name)] = String(version)
        }
        for line in status.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.isEmpty {
                close()
                package = [:]
            } else if let colon = line.firstIndex(of: ":"), line.first != " " {
                package[line[..<colon]] = line[line.index(after: colon)...].drop { $0 == " " }
            }
        }
        close()
        return versions
    }
}
