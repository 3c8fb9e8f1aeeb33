/// How this program was built.
package enum Build {
    /// The commit of the checkout, with ` with changes` when it had any; `unknown` without a checkout.
    ///
    /// BuildCommitPlugin writes the file that holds it at each build.
    package static var commit: String { generatedCommit }
}
