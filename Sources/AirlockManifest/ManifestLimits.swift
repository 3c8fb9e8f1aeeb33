/// The bounds within which a file of the repository is read; beyond them it is refused by name.
package enum ManifestLimits {
    /// The largest file, in bytes.
    package static let bytes = 1 << 20
    /// The most scalars, lists and mappings in one file, aliases counted as often as they are used.
    package static let nodes = 100_000
    /// The most uses of aliases (`*name`) in one file.
    package static let aliases = 100
    /// The deepest nesting of lists and mappings, in levels.
    package static let depth = 64
    /// The longest single text in a file, in characters.
    package static let textCharacters = 16_384
    /// The most diagnostics that one file is answered with.
    package static let diagnosticsPerFile = 100
    /// The most instances that one release may ask for.
    package static let replicas = 10_000
}
