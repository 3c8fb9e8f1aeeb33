/// The bounds within which a file of the repository is read; beyond them it is refused by name.
package enum ManifestLimits {
    /// The most files that a folder is validated with.
    package static let files = 1_000_000
    /// The largest file, in bytes.
    package static let bytes = 1 << 20
    /// The most that all files of a fleet may hold together, in bytes.
    package static let fleetBytes = 256 << 20
    /// The most scalars, lists and mappings in one file, aliases counted as often as they are used.
    package static let nodes = 40_000
    /// The most uses of aliases (`*name`) in one file.
    package static let aliases = 100
    /// The most values that the anchors and aliases of one file could stand for, however they nest.
    package static let aliasGrowth = 500_000
    /// The most commas, colons, dashes of lists, opening brackets and line ends in one file.
    package static let separators = 50_000
    /// The most places in one file at which a list or a mapping could be a key (`?`, `]:`, `}:`): each is hashed
    /// with all that it holds, and no file of the format has such a key. Times the separators they stay below
    /// ``aliasGrowth``.
    package static let questionMarks = 100
    /// The most brackets that are open at once, in levels; what is open costs the parser time for
    /// every token inside it. Wider than ``depth`` because brackets in quotes count too.
    package static let openBrackets = 256
    /// The deepest nesting of lists and mappings, in levels.
    package static let depth = 64
    /// The longest single text in a file, in characters.
    package static let textCharacters = 16_384
    /// The most diagnostics that one file is answered with.
    package static let diagnosticsPerFile = 100
    /// The most instances that one release may ask for.
    package static let replicas = 10_000
}
